# What every plan has to read: the configuration of resources, and no secret.

data "aws_iam_policy_document" "read" {
  #checkov:skip=CKV_AWS_356:the actions on * are lists and descriptions, for which AWS knows no narrower resource
  statement {
    sid = "DescribeWhatHasNoNarrowerResource"
    actions = [
      "cloudwatch:DescribeAlarms",
      "ec2:Describe*",
      "ecr:GetAuthorizationToken",
      "lambda:GetAccountSettings",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:ListLogDeliveries",
      "rds:Describe*",
      "rds:ListTagsForResource",
      "servicequotas:GetAWSDefaultServiceQuota",
      "servicequotas:GetServiceQuota",
      "sns:GetSubscriptionAttributes",
      "ssm:DescribeParameters",
      "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Gateway"
    actions   = ["apigateway:GET"]
    resources = ["${local.arn.api}/apis*", "${local.arn.api}/domainnames*", "${local.arn.api}/tags/*"]
  }

  statement {
    sid     = "Functions"
    actions = ["lambda:Get*", "lambda:List*"]
    resources = [
      "${local.arn.function}:${local.service}-*",
    ]
  }

  statement {
    sid     = "Release"
    actions = ["codedeploy:BatchGet*", "codedeploy:Get*", "codedeploy:List*"]
    resources = [
      "${local.arn.codedeploy}:application:${local.service}-*",
      "${local.arn.codedeploy}:deploymentgroup:${local.service}-*",
      "${local.arn.codedeploy}:deploymentconfig:*",
    ]
  }

  statement {
    sid       = "Records"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = ["${local.arn.parameter}/*"]
  }

  statement {
    sid       = "SecretsButNotTheirValues"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecretVersionIds"]
    resources = concat([for pair in setproduct(var.environments, local.secrets) : "${local.arn.secret}:${pair[0]}/${pair[1]}-*"], ["${local.arn.secret}:rds!db-*"])
  }

  statement {
    sid       = "Monitoring"
    actions   = ["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "logs:ListTagsForResource", "sns:GetTopicAttributes", "sns:ListTagsForResource"]
    resources = ["arn:aws:cloudwatch::${var.account_id}:dashboard/${local.service}-*", "${local.arn.alarm}:${local.service}-*", "${local.arn.log_group}:*", "${local.arn.topic}:${local.service}-*"]
  }

  statement {
    sid       = "Rules"
    actions   = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
    resources = ["${local.arn.event_rule}/${local.service}-*"]
  }

  # A domain has no name to tell by; what is read of it is public in the DNS.
  statement {
    sid       = "Mail"
    actions   = ["ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations", "ses:GetEmailIdentity", "ses:ListTagsForResource"]
    resources = ["${local.arn.mail}:configuration-set/${local.service}-*", "${local.arn.mail}:identity/*"]
  }

  statement {
    sid       = "Roles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"]
    resources = [for environment in var.environments : "${local.arn.role}/${local.service}-${environment}-*"]
  }

  statement {
    sid       = "Images"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:ListTagsForResource"]
    resources = [for environment in var.environments : "${local.arn.image}/${environment}"]
  }

  # See promote.tf.
  dynamic "statement" {
    for_each = contains(var.environments, "prod") && var.other_account_id != "" ? [var.other_account_id] : []

    content {
      sid       = "WhatDevHasVerified"
      actions   = ["sts:AssumeRole"]
      resources = ["arn:aws:iam::${statement.value}:role/${local.promote_role}"]
    }
  }

  # Plans run without a lock (-lock=false), so that reading is enough.
  statement {
    sid       = "States"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [local.arn.state, "${local.arn.state}/${local.service}/*"]
  }
}

resource "aws_iam_policy" "read" {
  count = local.has_pipeline ? 1 : 0

  name        = "${local.service}-pipeline-read"
  description = "Reads what a plan of the users service needs, and no secret"
  policy      = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = setsubtract(keys(local.pipeline_roles), ["build"])

  role       = aws_iam_role.pipeline[each.key].name
  policy_arn = aws_iam_policy.read[0].arn
}
