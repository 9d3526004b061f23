# What the role that deploys an environment may change: what carries that environment's name or tag.
# Two documents, because one would be longer than AWS allows.

data "aws_iam_policy_document" "deploy_foundation" {
  #checkov:skip=CKV_AWS_109:permissions change only on the environment's own roles, which carry the runtime boundary
  #checkov:skip=CKV_AWS_111:what has no name until it exists is restricted by tag
  #checkov:skip=CKV_AWS_356:what has no name until it exists is restricted by tag
  for_each = var.environments

  # AWS assigns the ids: creating is allowed in this account and region, altering only for what has our tags.
  statement {
    sid       = "MakeTheNetwork"
    actions   = ["ec2:CreateFlowLogs", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint"]
    resources = ["${local.arn.ec2}:*/*"]
  }

  statement {
    sid       = "TagWhatItMakes"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.arn.ec2}:*/*"]

    condition {
      test     = "StringLike"
      variable = "ec2:CreateAction"
      values   = ["AuthorizeSecurityGroup*", "CreateFlowLogs", "CreateSecurityGroup", "CreateSubnet", "CreateVpc", "CreateVpcEndpoint"]
    }
  }

  # CreateVpcEndpoint with private DNS depends on it
  # (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html). The zone is AWS's.
  statement {
    sid       = "PrivateDnsOfTheEndpoint"
    actions   = ["route53:AssociateVPCWithHostedZone"]
    resources = ["*"]
  }

  # Whether a rule may be created is decided by its security group, below.
  statement {
    sid       = "MakeRules"
    actions   = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"]
    resources = ["${local.arn.ec2}:security-group-rule/*"]
  }

  statement {
    sid = "AlterTheNetwork"
    actions = [
      "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "ec2:DeleteFlowLogs", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
      "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
      "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
      "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    ]
    resources = ["${local.arn.ec2}:*/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Service"
      values   = [local.service]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = [each.key]
    }
  }

  # What Lambda leaves for a while in a subnet or security group that goes: Terraform deletes it first (hashicorp/terraform-provider-aws,
  # deleteLingeringENIs). It has no tags, and while it is in use nobody can.
  statement {
    sid       = "DeleteInterfacesOfLambda"
    actions   = ["ec2:DeleteNetworkInterface"]
    resources = ["${local.arn.ec2}:network-interface/*"]
  }

  # The network's default route table and security group come without tags and are emptied at once.
  statement {
    sid       = "EmptyTheDefaults"
    actions   = ["ec2:CreateTags", "ec2:DeleteRoute", "ec2:DisableVgwRoutePropagation", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["${local.arn.ec2}:route-table/*", "${local.arn.ec2}:security-group/*"]

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/Service"
      values   = ["true"]
    }
  }

  statement {
    sid = "Database"
    actions = [
      "rds:AddTagsToResource", "rds:CreateDBInstance", "rds:CreateDBParameterGroup", "rds:CreateDBSnapshot", "rds:CreateDBSubnetGroup",
      "rds:DeleteDBInstance", "rds:DeleteDBParameterGroup", "rds:DeleteDBSubnetGroup", "rds:ModifyDBInstance", "rds:ModifyDBParameterGroup",
      "rds:ModifyDBSubnetGroup", "rds:RebootDBInstance", "rds:RemoveTagsFromResource", "rds:ResetDBParameterGroup", "rds:RestoreDBInstanceFromDBSnapshot",
    ]
    resources = [
      "${local.arn.rds}:db:${local.service}-${each.key}",
      "${local.arn.rds}:og:default*",
      "${local.arn.rds}:pg:${local.service}-${each.key}-*",
      "${local.arn.rds}:snapshot:*", # one to start from may have any name
      "${local.arn.rds}:subgrp:${local.service}-${each.key}",
    ]
  }

  # RDS creates the administrator's secret on behalf of the principal that creates the database.
  statement {
    sid       = "AdministratorsSecretThroughRds"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    resources = ["${local.arn.secret}:rds!db-*"]
  }

  # And describes the key of it: AWS's own, whose policy lets it be used, but leaves its description to IAM
  # (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions).
  statement {
    sid       = "KeyOfThatSecret"
    actions   = ["kms:DescribeKey"]
    resources = ["${local.arn.key}/*"]
  }

  statement {
    sid = "ApplicationsSecretButNotItsValue"
    actions = [
      "secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:RestoreSecret",
      "secretsmanager:RotateSecret", "secretsmanager:TagResource", "secretsmanager:UntagResource", "secretsmanager:UpdateSecret",
    ]
    resources = [for name in local.secrets : "${local.arn.secret}:${each.key}/${name}-*"]
  }

  statement {
    sid       = "RolesWithTheRuntimeBoundary"
    actions   = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = ["${local.arn.role}/${local.service}-${each.key}-*"]

    condition {
      test     = "ArnEquals"
      variable = "iam:PermissionsBoundary"
      values   = ["${local.arn.policy}/${local.service}-${each.key}-runtime-boundary"]
    }
  }

  statement {
    sid       = "RolesOfTheEnvironment"
    actions   = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"]
    resources = ["${local.arn.role}/${local.service}-${each.key}-*"]
  }

  statement {
    sid       = "GiveRolesToServices"
    actions   = ["iam:PassRole"]
    resources = ["${local.arn.role}/${local.service}-${each.key}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["codedeploy.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
    }
  }

  statement {
    sid       = "RolesThatAwsKeepsForItsServices"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.arn.role}/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["ops.apigateway.amazonaws.com", "rds.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "deploy_service" {
  #checkov:skip=CKV_AWS_111:AWS assigns the ids of API Gateway's resources, and log deliveries have no resource at all
  #checkov:skip=CKV_AWS_356:AWS assigns the ids of API Gateway's resources, and log deliveries have no resource at all
  for_each = var.environments

  statement {
    sid       = "Functions"
    actions   = ["lambda:*"]
    resources = ["${local.arn.function}:${local.service}-${each.key}-*"]
  }

  # AWS assigns the id of an API, and its routes have no tags; the boundary denies what is tagged with the other environment.
  # To make a tagged stage (default_tags) takes TagResource besides POST (hashicorp/terraform-provider-aws#20634).
  statement {
    sid = "Gateway"
    actions = [
      "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:TagResource", "apigateway:UntagResource",
    ]
    resources = ["${local.arn.api}/apis*", "${local.arn.api}/domainnames*", "${local.arn.api}/tags/*"]
  }

  statement {
    sid       = "Release"
    actions   = ["codedeploy:*"]
    resources = ["${local.arn.codedeploy}:application:${local.service}-${each.key}", "${local.arn.codedeploy}:deploymentgroup:${local.service}-${each.key}/*"]
  }

  statement {
    sid       = "Records"
    actions   = ["ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter", "ssm:RemoveTagsFromResource"]
    resources = ["${local.arn.parameter}/${each.key}/*"]
  }

  statement {
    sid = "Monitoring"
    actions = [
      "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
      "cloudwatch:UntagResource", "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource",
    ]
    resources = [
      "${local.arn.alarm}:${local.service}-${each.key}-*",
      "arn:aws:cloudwatch::${var.account_id}:dashboard/${local.service}-${each.key}",
      "${local.arn.topic}:${local.service}-${each.key}-*",
    ]
  }

  statement {
    sid = "LogGroups"
    actions = [
      "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:FilterLogEvents", "logs:PutRetentionPolicy",
      "logs:TagResource", "logs:UntagResource",
    ]
    resources = [for kind in ["lambda", "rds/instance", "vendedlogs", "vpc"] : "${local.arn.log_group}:/aws/${kind}/${local.service}-${each.key}*"]
  }

  statement {
    sid = "WhatHasNoNarrowerResource"
    actions = [
      "codedeploy:StopDeployment", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
      # the gateway's access log
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  # What invokes the worker.
  statement {
    sid       = "Rules"
    actions   = ["events:*"]
    resources = ["${local.arn.event_rule}/${local.service}-${each.key}-*"]
  }

  statement {
    sid = "MailSettings"
    actions = [
      "ses:CreateConfigurationSet*", "ses:DeleteConfigurationSet*", "ses:PutConfigurationSet*", "ses:PutEmailIdentityConfigurationSetAttributes",
      "ses:TagResource", "ses:UntagResource", "ses:UpdateConfigurationSet*",
    ]
    resources = ["${local.arn.mail}:configuration-set/${local.service}-${each.key}"]
  }

  # A domain has no name to tell by: it gets the environment's tags, and then is altered by them.
  statement {
    sid       = "MakeTheMailDomain"
    actions   = ["ses:CreateEmailIdentity", "ses:TagResource"]
    resources = ["${local.arn.mail}:identity/*"]

    dynamic "condition" {
      for_each = { Service = local.service, Environment = each.key }

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "AlterTheMailDomain"
    actions   = ["ses:DeleteEmailIdentity", "ses:PutEmailIdentity*", "ses:TagResource", "ses:UntagResource"]
    resources = ["${local.arn.mail}:identity/*"]

    dynamic "condition" {
      for_each = { Service = local.service, Environment = each.key }

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # prod's role copies what dev has verified into prod's repository. dev's cannot push: the role that builds does.
  dynamic "statement" {
    for_each = each.key == "prod" ? ["promote"] : []

    content {
      sid = "PromoteImages"
      actions = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload",
        "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      resources = ["${local.arn.image}/prod"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "prod" && contains(var.environments, "dev") ? ["same account"] : []

    content {
      sid       = "FetchWhatDevHasVerified"
      actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = ["${local.arn.image}/dev"]
    }
  }

  # State and lock of the environment, and none of the other's.
  statement {
    sid       = "StateOfTheEnvironment"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.arn.state}/${local.service}/${each.key}.*"]
  }

  statement {
    sid       = "SmokeTest"
    actions   = ["sts:AssumeRole"]
    resources = ["${local.arn.role}/${local.service}-pipeline-smoke-test-${each.key}"]
  }
}

locals {
  deploy_policies = !local.has_pipeline ? {} : merge(
    { for environment, document in data.aws_iam_policy_document.deploy_foundation : "${environment}-foundation" => { environment = environment, json = document.json } },
    { for environment, document in data.aws_iam_policy_document.deploy_service : "${environment}-service" => { environment = environment, json = document.json } },
  )
}

resource "aws_iam_policy" "deploy" {
  for_each = local.deploy_policies

  name        = "${local.service}-pipeline-deploy-${each.key}"
  description = "Changes the users service in ${each.value.environment}"
  policy      = each.value.json
}

resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.deploy_policies

  role       = aws_iam_role.pipeline["deploy-${each.value.environment}"].name
  policy_arn = aws_iam_policy.deploy[each.key].arn
}
