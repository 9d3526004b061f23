# How a new version gets traffic: Terraform publishes it, and CodeDeploy moves the alias `live` to it.

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that has the traffic; CodeDeploy moves it"
  function_name    = aws_lambda_function.from_image["api"].function_name
  function_version = aws_lambda_function.from_image["api"].version

  # Terraform sets only the first version. Later ones are smoke-tested before they get traffic.
  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_alias.live.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.provisioned_concurrency
}

resource "aws_codedeploy_app" "api" {
  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "live" {
  app_name               = aws_codedeploy_app.api.name
  deployment_group_name  = "live"
  deployment_config_name = var.traffic_shift
  service_role_arn       = aws_iam_role.codedeploy.arn

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  dynamic "alarm_configuration" {
    for_each = length(var.rollback_alarm_names) > 0 ? [var.rollback_alarm_names] : []

    # If CloudWatch cannot be asked, the deployment stops (ignore_poll_alarm_failure is false).
    content {
      enabled = true
      alarms  = alarm_configuration.value
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  depends_on = [aws_iam_role_policy.codedeploy]
}

data "aws_iam_policy_document" "assume_codedeploy" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codedeploy.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "codedeploy" {
  statement {
    sid       = "MoveTheAlias"
    actions   = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    resources = ["${local.function_arn_prefix}-api", "${local.function_arn_prefix}-api:*"]
  }

  statement {
    sid       = "WatchTheAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["arn:aws:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:*"]
  }
}

resource "aws_iam_role" "codedeploy" {
  name                 = "${var.name}-codedeploy"
  description          = "Moves the alias live of ${var.name}-api from version to version"
  assume_role_policy   = data.aws_iam_policy_document.assume_codedeploy.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "codedeploy" {
  name   = "move-the-alias"
  role   = aws_iam_role.codedeploy.id
  policy = data.aws_iam_policy_document.codedeploy.json
}

# What is deployed, written by each deployment and read by the next plan and by a rollback.
resource "aws_ssm_parameter" "record" {
  #checkov:skip=CKV_AWS_337:a digest and a version number are no secrets
  #checkov:skip=CKV2_AWS_34:a digest and a version number are no secrets
  for_each = {
    image_digest            = "Digest of the image that has the traffic"
    previous_version        = "Version that had the traffic before, to roll back to"
    previous_worker_version = "Version of the worker that ran beside it"
  }

  name        = "/users-service/${var.environment}/${each.key}"
  description = each.value
  type        = "String"
  value       = "none" # until the first deployment

  lifecycle {
    ignore_changes = [value]
  }
}
