output "identity_arn" {
  description = "ARN of the domain in SES."
  value       = aws_sesv2_email_identity.domain.arn
}

output "configuration_set" {
  description = "The configuration set that mails are sent with."
  value = {
    name = aws_sesv2_configuration_set.users.configuration_set_name
    arn  = aws_sesv2_configuration_set.users.arn
  }
}

output "dns_records" {
  description = "DNS records to make: three for DKIM, without which SES sends nothing, two for SPF of the envelope's sender, and DMARC."
  value = concat(
    [for number in range(3) : {
      type  = "CNAME"
      name  = "${aws_sesv2_email_identity.domain.dkim_signing_attributes[0].tokens[number]}._domainkey.${var.domain}"
      value = "${aws_sesv2_email_identity.domain.dkim_signing_attributes[0].tokens[number]}.${local.dkim_domain}"
    }],
    [
      { type = "MX", name = local.mail_from_domain, value = "10 feedback-smtp.${local.region}.amazonses.com" },
      { type = "TXT", name = local.mail_from_domain, value = "v=spf1 include:amazonses.com ~all" },
      { type = "TXT", name = "_dmarc.${var.domain}", value = "v=DMARC1; p=none" },
    ],
  )
}
