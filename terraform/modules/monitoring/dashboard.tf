# "Is it healthy, and if not, which part?" From top to bottom: the alarms, then each part from the client inwards.

data "aws_region" "current" {}

locals {
  # Each row is a part; each graph in it is a title, metrics as [name, statistic], and optionally a limit to draw, or a namespace
  # and dimensions of its own.
  parts = concat([
    { title = "API Gateway", namespace = "AWS/ApiGateway", dimensions = ["ApiId", var.api_id], graphs = [
      { title = "Requests", metrics = [["Count", "Sum"]] },
      { title = "Errors: 5xx are ours, 4xx the clients'", metrics = [["5xx", "Sum"], ["4xx", "Sum"]] },
      { title = "Latency as clients see it, ms", metrics = [["Latency", "p50"], ["Latency", "p99"]] },
    ] },
    { title = "Function", namespace = "AWS/Lambda", dimensions = ["FunctionName", var.function_name], graphs = [
      { title = "Errors and throttles", metrics = [["Errors", "Sum"], ["Throttles", "Sum"]] },
      { title = "Duration, ms", metrics = [["Duration", "p50"], ["Duration", "p99"]] },
      { title = "Requests at once", metrics = [["ConcurrentExecutions", "Maximum"]], limit = var.concurrency_ceiling },
    ] },
    { title = "Service", namespace = local.namespace, dimensions = ["FunctionName", var.function_name], graphs = local.service_graphs },
    { title = "Database", namespace = "AWS/RDS", dimensions = ["DBInstanceIdentifier", var.database.identifier], graphs = [
      { title = "Processor, %", metrics = [["CPUUtilization", "Average"]], limit = 80 },
      { title = "Connections", metrics = [["DatabaseConnections", "Maximum"]], limit = var.database.max_connections },
      { title = "Free disk and memory, bytes", metrics = [["FreeStorageSpace", "Minimum"], ["FreeableMemory", "Minimum"]] },
    ] },
  ], local.worker_parts)

  row_height   = 6
  alarm_height = 3

  graphs = flatten([for row, part in local.parts : [for column, graph in part.graphs : {
    type   = "metric"
    x      = column * 8
    y      = local.alarm_height + row * local.row_height
    width  = 8
    height = local.row_height
    properties = {
      title   = "${part.title}: ${graph.title}"
      region  = data.aws_region.current.id
      period  = 60
      view    = "timeSeries"
      metrics = [for metric in graph.metrics : concat([try(graph.namespace, part.namespace), metric[0]], try(graph.dimensions, part.dimensions), [{ stat = metric[1], label = "${metric[0]} ${metric[1]}" }])]
      annotations = {
        horizontal = [for limit in compact([try(graph.limit, null)]) : { label = "limit", value = tonumber(limit) }]
      }
    }
  }]])
}

locals {
  log_tables = [
    {
      title = "The function's last errors"
      query = "fields @timestamp, request_id, @message | filter level = 'ERROR' | sort @timestamp desc | limit 20"
    },
    # Routes are not a dimension of any metric, of which each would be paid for; a look here is, at 0.005 $ a GB of log.
    {
      title = "Requests by route, ms"
      query = "filter message like /^Response: / | stats count(*) as requests, pct(duration_ms, 50) as p50, pct(duration_ms, 99) as p99, max(status) as worst_status by route, method | sort requests desc | limit 50"
    },
  ]
}

resource "aws_cloudwatch_dashboard" "health" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = local.alarm_height
        properties = {
          title  = "Is ${var.name} healthy? Everything green: yes."
          alarms = [for alarm in concat(values(aws_cloudwatch_metric_alarm.rate), values(aws_cloudwatch_metric_alarm.watch)) : alarm.arn]
        }
      }],
      local.graphs,
      [for place, table in local.log_tables : {
        type   = "log"
        x      = 0
        y      = local.alarm_height + (length(local.parts) + place) * local.row_height
        width  = 24
        height = local.row_height
        properties = {
          title  = table.title
          region = data.aws_region.current.id
          query  = "SOURCE '${var.function_log_group}' | ${table.query}"
          view   = "table"
        }
      }],
    )
  })
}
