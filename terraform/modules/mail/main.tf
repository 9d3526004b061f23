# Mail by Amazon SES: a domain that mails come from, and what happens to those that cannot be delivered.
#
# SES is told by DNS records, which the output dns_records lists, that the domain is ours. Bounces and complaints go to
# EventBridge, and from there to the worker (modules/function/worker.tf): nothing has to be called from outside.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  region = data.aws_region.current.id

  # Where the keys of DKIM are, by region
  # (https://docs.aws.amazon.com/general/latest/gr/ses.html#ses_dkim_domains).
  regions_with_keys_of_their_own = [
    "af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2", "eu-south-1",
    "il-central-1", "me-central-1",
  ]
  dkim_domain = contains(local.regions_with_keys_of_their_own, local.region) ? "dkim.${local.region}.amazonses.com" : "dkim.amazonses.com"

  # The envelope's sender, to which bounces go; SPF is checked for it.
  mail_from_domain = "bounce.${var.domain}"
}

resource "aws_sesv2_configuration_set" "users" {
  configuration_set_name = var.name

  # A mail with a link that lets somebody in goes over the network encrypted or not at all.
  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  # Whoever has bounced or complained is sent nothing by SES either, whichever program of the account tries.
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

resource "aws_sesv2_configuration_set_event_destination" "worker" {
  configuration_set_name = aws_sesv2_configuration_set.users.configuration_set_name
  event_destination_name = "worker"

  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT"]

    event_bridge_destination {
      event_bus_arn = "arn:aws:events:${local.region}:${data.aws_caller_identity.current.account_id}:event-bus/default" # SES knows no other
    }
  }
}

resource "aws_sesv2_email_identity" "domain" {
  email_identity         = var.domain
  configuration_set_name = aws_sesv2_configuration_set.users.configuration_set_name

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}

resource "aws_sesv2_email_identity_mail_from_attributes" "domain" {
  email_identity   = aws_sesv2_email_identity.domain.email_identity
  mail_from_domain = local.mail_from_domain

  # Until its records are there, SES uses a domain of its own: mails go out all the same.
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}
