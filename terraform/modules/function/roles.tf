# One role for each function, with what that function needs.

locals {
  grants = merge(local.issues_tokens ? { rotate-keys = [local.rotate_signing_keys] } : {}, {
    api    = local.application
    worker = local.application
    migrate = [local.administrator, {
      sid     = "WriteTheApplicationsCredentials"
      secret  = var.secret_arn
      actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    }]
    rotate-secret = [local.administrator, {
      sid     = "RotateTheApplicationsCredentials"
      secret  = var.secret_arn
      actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    }]
  })

  application = concat([{
    sid     = "ReadItsCredentials"
    secret  = var.secret_arn
    actions = ["secretsmanager:GetSecretValue"]
  }], local.issues_tokens ? local.read_signing_keys : [])

  keys_secret_arn = try(var.tokens.keys_secret_arn, "")

  # One call fetches both secrets. It knows no resources, and returns only what GetSecretValue allows
  # (https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_batch.html).
  read_signing_keys = [
    {
      sid     = "ReadTheSigningKeys"
      secret  = local.keys_secret_arn
      actions = ["secretsmanager:GetSecretValue"]
    },
    {
      sid     = "ReadBothInOneCall"
      secret  = "*"
      actions = ["secretsmanager:BatchGetSecretValue"]
    },
  ]

  rotate_signing_keys = {
    sid     = "RotateTheSigningKeys"
    secret  = local.keys_secret_arn
    actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
  }

  administrator = {
    sid     = "ReadTheAdministratorsCredentials"
    secret  = var.database.admin_secret_arn
    actions = ["secretsmanager:GetSecretValue"]
  }

  network_interface_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

data "aws_iam_policy_document" "assume_function" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "function" {
  #checkov:skip=CKV_AWS_111:the network interface actions, see below
  #checkov:skip=CKV_AWS_356:the network interface actions, see below
  for_each = local.functions

  dynamic "statement" {
    for_each = local.grants[each.key]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = [statement.value.secret]
    }
  }

  # A message that is handed over as it is, is sent by the action SendEmail of the API and checked as SendRawEmail
  # (anymail/django-anymail#384).
  dynamic "statement" {
    for_each = each.key == "worker" && local.sends_mail ? [var.mail] : []

    content {
      sid       = "SendMail"
      actions   = ["ses:SendEmail", "ses:SendRawEmail"]
      resources = [statement.value.identity_arn, statement.value.configuration_set.arn]

      condition {
        test     = "StringEquals"
        variable = "ses:FromAddress"
        values   = [local.mail_address]
      }
    }
  }

  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  # Lambda attaches the function to the network with the function's own role, and asks for these on every resource:
  # some know no other, and it checks the rest before the interfaces exist.
  statement {
    sid       = "LambdaAttachesItToTheNetwork"
    actions   = local.network_interface_actions
    resources = ["*"]
  }

  # The function's own code does not need them.
  statement {
    sid       = "TheCodeItselfMayNot"
    effect    = "Deny"
    actions   = local.network_interface_actions
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = ["${local.function_arn_prefix}-${each.key}"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = "${var.name}-${each.key}"
  description          = "Role of the function ${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.assume_function.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "what-it-needs"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.function[each.key].json
}
