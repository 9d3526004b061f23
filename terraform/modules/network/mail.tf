# The way to Amazon SES: an endpoint, made only with mail, that the worker alone may enter (its security group besides that of all
# functions), to send in the name of this account's identities and for nothing else.

data "aws_vpc_endpoint_service" "mail" {
  count = var.mail ? 1 : 0

  service_name = "com.amazonaws.${data.aws_region.current.id}.email"
}

locals {
  # Not every service has an endpoint in every zone.
  mail_zones = [for zone in local.zones : zone if var.mail && contains(flatten(data.aws_vpc_endpoint_service.mail[*].availability_zones), zone)]
}

resource "aws_security_group" "mail" {
  #checkov:skip=CKV2_AWS_5:attached in modules/function, which checkov does not follow
  count = var.mail ? 1 : 0

  name        = "${var.name}-mail"
  description = "Worker: out to Amazon SES, nothing in"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-mail" }
}

resource "aws_security_group" "mail_endpoint" {
  count = var.mail ? 1 : 0

  name        = "${var.name}-mail-endpoint"
  description = "Amazon SES endpoint: in from the worker, nothing out"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-mail-endpoint" }
}

resource "aws_vpc_security_group_egress_rule" "mail" {
  count = var.mail ? 1 : 0

  security_group_id            = aws_security_group.mail[0].id
  referenced_security_group_id = aws_security_group.mail_endpoint[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  description                  = "Amazon SES, to its security group only"
}

resource "aws_vpc_security_group_ingress_rule" "mail" {
  count = var.mail ? 1 : 0

  security_group_id            = aws_security_group.mail_endpoint[0].id
  referenced_security_group_id = aws_security_group.mail[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  description                  = "Amazon SES, from the worker only"
}

data "aws_iam_policy_document" "mail_endpoint" {
  count = var.mail ? 1 : 0

  statement {
    sid     = "MailOfThisAccount"
    actions = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = [for kind in ["configuration-set", "identity"] :
      "arn:aws:ses:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${kind}/*"
    ]

    principals {
      type        = "AWS"
      identifiers = ["*"] # an endpoint policy has to name principals; the condition names this account
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "mail" {
  count = var.mail ? 1 : 0

  vpc_id              = aws_vpc.private.id
  service_name        = data.aws_vpc_endpoint_service.mail[0].service_name
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(local.mail_zones, 0, min(var.endpoint_zone_count, length(local.mail_zones))) : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.mail_endpoint[0].id]

  # AWS refuses a policy where the service evaluates none.
  policy = data.aws_vpc_endpoint_service.mail[0].vpc_endpoint_policy_supported ? data.aws_iam_policy_document.mail_endpoint[0].json : null

  tags = { Name = "${var.name}-mail" }

  lifecycle {
    precondition {
      condition     = length(local.mail_zones) > 0
      error_message = "Amazon SES has no endpoint in any of the zones ${join(", ", local.zones)}, so that mail = \"ses\" is impossible in this region with this zone_count."
    }
  }
}
