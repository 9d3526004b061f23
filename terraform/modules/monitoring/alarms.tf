# One alarm for each way in which the service fails or is about to fail. The description is for the person on call.

locals {
  api      = { ApiId = var.api_id }
  function = { FunctionName = var.function_name }
  rotation = { FunctionName = var.rotate_function_name }
  database = { DBInstanceIdentifier = var.database.identifier }

  mib = 1024 * 1024
  gib = 1024 * local.mib

  alarms = merge(local.service_alarms, local.worker_alarms, local.mail_alarms, {
    function-errors = {
      description = "The function crashed or ran out of time or memory. Its log group has the reason; consider a rollback."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.function
      statistic   = "Sum", period = 60, periods = 3, breaches = 2, above = 0
    }
    function-throttles = {
      description = "Requests are refused because all reserved (or the account's) concurrency is in use."
      namespace   = "AWS/Lambda", metric = "Throttles", dimensions = local.function
      statistic   = "Sum", period = 60, periods = 5, breaches = 3, above = 0
    }
    function-duration = {
      description = "One request in a hundred takes longer than 2 s; a healthy one takes milliseconds. Usually the database is slow."
      namespace   = "AWS/Lambda", metric = "Duration", dimensions = local.function
      statistic   = "p99", period = 300, periods = 3, breaches = 3, above = 2000 # ms
    }
    function-concurrency = {
      description = "Four fifths of the concurrency that the database can handle is in use."
      namespace   = "AWS/Lambda", metric = "ConcurrentExecutions", dimensions = local.function
      statistic   = "Maximum", period = 60, periods = 5, breaches = 3, above = floor(var.concurrency_ceiling * 0.8)
    }
    rotation-errors = {
      description = "The database password could not be rotated. The old one still works; see the log of the rotate-secret function."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.rotation
      statistic   = "Sum", period = 300, periods = 1, breaches = 1, above = 0
    }
    database-cpu = {
      description = "The database's processor is busy four fifths of the time, for 15 minutes."
      namespace   = "AWS/RDS", metric = "CPUUtilization", dimensions = local.database
      statistic   = "Average", period = 300, periods = 3, breaches = 3, above = 80 # %
    }
    database-connections = {
      description = "Four fifths of max_connections are in use; at the limit the service answers 503."
      namespace   = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.database
      statistic   = "Maximum", period = 60, periods = 5, breaches = 3, above = floor(var.database.max_connections * 0.8)
    }
    database-storage = {
      description = "Less than a tenth of the first disk size is free. Either it cannot grow further, or it grew less than six hours ago."
      namespace   = "AWS/RDS", metric = "FreeStorageSpace", dimensions = local.database
      statistic   = "Minimum", period = 300, periods = 3, breaches = 3, below = var.database.storage_gb * local.gib / 10
    }
    database-memory = {
      description = "The database has less than 64 MiB to spare and will start to swap. Use a larger class or fewer connections."
      namespace   = "AWS/RDS", metric = "FreeableMemory", dimensions = local.database
      statistic   = "Minimum", period = 300, periods = 3, breaches = 3, below = 64 * local.mib
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "watch" {
  for_each = local.alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.breaches
  comparison_operator = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, each.value.below)

  # No traffic is no failure. A database without data gets INSUFFICIENT_DATA: it is starting, or the alarm on 5xx fires.
  treat_missing_data = each.value.namespace == "AWS/RDS" ? "missing" : "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Shares of what was asked, in per cent: a canary has a tenth of the traffic, and its errors are few in number.
locals {
  newest = merge(local.function, { ExecutedVersion = var.function_version })
  # Lambda counts by executed version what comes through an alias.
  newest_by_alias = merge(local.newest, { Resource = "${var.function_name}:${var.function_alias}" })

  rates = {
    api-5xx = {
      description = "More than 1 % of the answers are 5xx. See the dashboard: function errors or throttles, else the database."
      errors      = { namespace = "AWS/ApiGateway", metric = "5xx", dimensions = local.api }
      total       = { namespace = "AWS/ApiGateway", metric = "Count", dimensions = local.api }
      periods     = 3, breaches = 2, above = 1, at_least = 2
    }
    version-errors = {
      description = "The newest version fails more often than one time in a hundred: it crashes, or runs out of time or memory. Roll back."
      errors      = { namespace = "AWS/Lambda", metric = "Errors", dimensions = local.newest_by_alias }
      total       = { namespace = "AWS/Lambda", metric = "Invocations", dimensions = local.newest_by_alias }
      periods     = 1, breaches = 1, above = 1, at_least = 1
    }
    # For Lambda an answer is a success, whatever its status, so the service counts these itself. One alone may be the database's.
    version-5xx = {
      description = "The newest version answers more than one request in a hundred with 5xx. Its log has the reason; roll back."
      errors      = { namespace = local.namespace, metric = "ServerErrors", dimensions = local.newest }
      total       = { namespace = "AWS/Lambda", metric = "Invocations", dimensions = local.newest_by_alias }
      periods     = 1, breaches = 1, above = 1, at_least = 2
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = local.rates

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description

  metric_query {
    id          = "rate"
    label       = "${each.value.errors.metric}, % of ${each.value.total.metric}"
    expression  = "IF(errors >= ${each.value.at_least}, 100 * errors / total, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = each.value.errors, total = each.value.total }

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = 60
      }
    }
  }

  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.breaches
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching" # no traffic is no failure

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:AWS's own key for SNS refuses CloudWatch, so it would need a key of our own; an alarm names a metric and no user
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}
