# Policies that grant nothing and cap what others can grant, two for each environment and one for what belongs to none:
#   ENV-runtime   on every role that a deployment creates (functions, CodeDeploy, flow logs)
#   pipeline-ENV  on the role that deploys, pipeline-plan on those that plan, build and test
# A pipeline can create roles only with the first, and can alter neither, so that a compromised pipeline cannot make itself
# an administrator; and neither reaches what belongs to the other environment.
#
# No statement is about the use of keys. They are AWS's own, and their key policies, which IAM cannot narrow, let each principal of the
# account use them through the service that they belong to
# (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk).

data "aws_iam_policy_document" "runtime_boundary" {
  #checkov:skip=CKV_AWS_111:a boundary grants nothing; network interfaces have no name to restrict by
  #checkov:skip=CKV_AWS_356:a boundary grants nothing; network interfaces have no name to restrict by
  for_each = var.environments

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = [for name in local.secrets : "${local.arn.secret}:${each.key}/${name}-*"] # AWS appends six characters
  }

  # Knows no resources; what it returns is limited by GetSecretValue above.
  statement {
    sid       = "SeveralSecretsAtOnce"
    actions   = ["secretsmanager:BatchGetSecretValue"]
    resources = ["*"]
  }

  # RDS names the administrator's secret after no environment, but tags it with its database
  # (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html).
  statement {
    sid       = "AdministratorsSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["${local.arn.secret}:rds!db-*"]

    condition {
      test     = "StringEquals"
      variable = "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn"
      values   = ["${local.arn.rds}:db:${local.service}-${each.key}"]
    }
  }

  # The worker's policy names the domain; here that of the other environment is left out by its tag.
  statement {
    sid       = "Mail"
    actions   = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = ["${local.arn.mail}:configuration-set/${local.service}-${each.key}", "${local.arn.mail}:identity/*"]
  }

  statement {
    sid       = "NoMailOfAnotherEnvironment"
    effect    = "Deny"
    actions   = ["ses:Send*"]
    resources = ["*"]

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/Environment"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:ResourceTag/Environment"
      values   = [each.key]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [for kind in ["lambda", "vpc"] : "${local.arn.log_group}:/aws/${kind}/${local.service}-${each.key}*"]
  }

  statement {
    sid       = "TrafficShift"
    actions   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    resources = ["${local.arn.function}:${local.service}-${each.key}-*"]
  }

  statement {
    sid       = "Alarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["${local.arn.alarm}:*"]
  }

  statement {
    sid = "NetworkInterfaces"
    actions = [
      "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "runtime_boundary" {
  for_each = var.environments

  name        = "${local.service}-${each.key}-runtime-boundary" # ../main.tf expects this name
  description = "The most that any role of the users service deployed to ${each.key} can ever do"
  policy      = data.aws_iam_policy_document.runtime_boundary[each.key].json
}

locals {
  # Which environment's resources a pipeline role may alter; the one that plans, none.
  pipeline_boundaries = merge({ plan = [] }, { for environment in var.environments : environment => [environment] })
}

data "aws_iam_policy_document" "pipeline_boundary" {
  #checkov:skip=CKV_AWS_107:a boundary grants nothing, and this one denies reading secrets
  #checkov:skip=CKV_AWS_108:a boundary grants nothing, and this one denies reading secrets
  #checkov:skip=CKV_AWS_109:a boundary grants nothing, and this one denies every change of permissions but those of the service's roles
  #checkov:skip=CKV_AWS_110:a boundary grants nothing, and this one denies every change of permissions but those of the service's roles
  #checkov:skip=CKV_AWS_111:a boundary grants nothing; what a role may do is in deploy_policy.tf
  #checkov:skip=CKV_AWS_356:a boundary grants nothing; what a role may do is in deploy_policy.tf
  for_each = local.pipeline_boundaries

  statement {
    sid = "ServicesInUse"
    actions = [
      "apigateway:*", "cloudwatch:*", "codedeploy:*", "ec2:*", "ecr:*", "events:*", "execute-api:Invoke", "iam:*", "kms:DescribeKey",
      "lambda:*", "logs:*", "rds:*", "route53:AssociateVPCWithHostedZone", "s3:*", "secretsmanager:*", "servicequotas:*", "ses:*", "sns:*", "ssm:*",
      "sts:AssumeRole", "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "NoSecretIsRead"
    effect    = "Deny"
    actions   = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    resources = ["*"]
  }

  # Nor is a mail sent: the worker does that.
  statement {
    sid       = "NoMailIsSent"
    effect    = "Deny"
    actions   = ["ses:Send*"]
    resources = ["*"]
  }

  statement {
    sid           = "NoPermissionsButTheEnvironmentsOwn"
    effect        = "Deny"
    actions       = ["iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Pass*", "iam:Put*", "iam:Remove*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*"]
    not_resources = concat([for environment in each.value : "${local.arn.role}/${local.service}-${environment}-*"], ["${local.arn.role}/aws-service-role/*"])
  }

  statement {
    sid       = "NoRoleLosesItsBoundary"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }

  # Also what has no name to tell by: the API, the network, a snapshot of the database. prod reads one record of dev.
  dynamic "statement" {
    for_each = length(each.value) > 0 ? setsubtract(["dev", "prod"], each.value) : []

    content {
      sid         = "NothingOfTheOtherEnvironment"
      effect      = "Deny"
      not_actions = ["ssm:GetParameter"]
      resources   = ["*"]

      condition {
        test     = "StringEquals"
        variable = "aws:ResourceTag/Service"
        values   = [local.service]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:ResourceTag/Environment"
        values   = [statement.value]
      }
    }
  }
}

resource "aws_iam_policy" "pipeline_boundary" {
  for_each = local.pipeline_boundaries

  name        = "${local.service}-pipeline-${each.key}-boundary"
  description = "The most that a role of the users service's pipeline can ever do: ${each.key}"
  policy      = data.aws_iam_policy_document.pipeline_boundary[each.key].json
}
