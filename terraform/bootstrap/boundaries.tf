# Two policies that grant nothing and cap what others can grant:
#   runtime   on every role that a deployment creates (functions, CodeDeploy, flow logs)
#   pipeline  on the roles that deploy
# A pipeline can create roles only with the first, and can alter neither, so that a compromised pipeline cannot make itself
# an administrator.

data "aws_iam_policy_document" "runtime_boundary" {
  #checkov:skip=CKV_AWS_111:a boundary grants nothing; network interfaces have no name to restrict by
  #checkov:skip=CKV_AWS_356:a boundary grants nothing; network interfaces have no name to restrict by
  statement {
    sid     = "Secrets"
    actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = concat(
      [for environment in local.environments : "${local.arn.secret}:${environment}/rds/credentials-*"],
      ["${local.arn.secret}:rds!db-*"], # the administrator's, which RDS names
    )
  }

  # AWS's own key lets every principal of the account use it through Secrets Manager; a boundary must not deny it.
  statement {
    sid       = "KeyOfSecretsManager"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["arn:aws:kms:${var.region}:${var.account_id}:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws/lambda/${local.service}-*", "${local.arn.log_group}:/aws/vpc/${local.service}-*"]
  }

  statement {
    sid       = "TrafficShift"
    actions   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    resources = ["${local.arn.function}:${local.service}-*"]
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
  name        = "${local.service}-runtime-boundary" # ../main.tf expects this name
  description = "The most that any role of a deployed users service can ever do"
  policy      = data.aws_iam_policy_document.runtime_boundary.json
}

data "aws_iam_policy_document" "pipeline_boundary" {
  #checkov:skip=CKV_AWS_107:a boundary grants nothing, and this one denies reading secrets
  #checkov:skip=CKV_AWS_108:a boundary grants nothing, and this one denies reading secrets
  #checkov:skip=CKV_AWS_109:a boundary grants nothing, and this one denies every change of permissions but those of the service's roles
  #checkov:skip=CKV_AWS_110:a boundary grants nothing, and this one denies every change of permissions but those of the service's roles
  #checkov:skip=CKV_AWS_111:a boundary grants nothing; what a role may do is in deploy_policy.tf
  #checkov:skip=CKV_AWS_356:a boundary grants nothing; what a role may do is in deploy_policy.tf
  statement {
    sid = "ServicesInUse"
    actions = [
      "apigateway:*", "cloudwatch:*", "codedeploy:*", "ec2:*", "ecr:*", "execute-api:Invoke", "iam:*",
      "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", # keys of AWS, through its services
      "lambda:*", "logs:*", "rds:*", "s3:*", "secretsmanager:*", "servicequotas:*", "sns:*", "ssm:*", "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "NoSecretIsRead"
    effect    = "Deny"
    actions   = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    resources = ["*"]
  }

  statement {
    sid           = "NoPermissionsButTheServicesOwn"
    effect        = "Deny"
    actions       = ["iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Pass*", "iam:Put*", "iam:Remove*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*"]
    not_resources = concat([for environment in local.environments : "${local.arn.role}/${local.service}-${environment}-*"], ["${local.arn.role}/aws-service-role/*"])
  }

  statement {
    sid       = "NoRoleLosesItsBoundary"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "pipeline_boundary" {
  name        = "${local.service}-pipeline-boundary"
  description = "The most that a role which deploys the users service can ever do"
  policy      = data.aws_iam_policy_document.pipeline_boundary.json
}
