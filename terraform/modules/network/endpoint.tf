# The endpoint of Secrets Manager: for principals of this account, to secrets of this account, and for nothing else.

data "aws_iam_policy_document" "endpoint" {
  statement {
    sid       = "SecretsOfThisAccount"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = ["arn:aws:secretsmanager:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:secret:*"]

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

  # Knows no resources; what it returns is limited by the statement above.
  statement {
    sid       = "SeveralAtOnce"
    actions   = ["secretsmanager:BatchGetSecretValue"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "secrets_manager" {
  vpc_id              = aws_vpc.private.id
  service_name        = "com.amazonaws.${data.aws_region.current.id}.secretsmanager"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(local.zones, 0, var.endpoint_zone_count) : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.endpoint.id]
  policy              = data.aws_iam_policy_document.endpoint.json

  tags = { Name = "${var.name}-secrets-manager" }
}
