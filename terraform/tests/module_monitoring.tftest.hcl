# Every kind of failure has an alarm, every alarm a subscriber, and the dashboard shows them all.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                 = "users-service-test"
  api_id               = "abc"
  function_name        = "users-service-test-api"
  function_alias       = "live"
  function_version     = "7"
  rotate_function_name = "users-service-test-rotate-secret"
  function_log_group   = "/aws/lambda/users-service-test-api"
  concurrency_ceiling  = 21
  database             = { identifier = "users-service-test", max_connections = 60, storage_gb = 20 }
  alarm_emails         = ["night@example.com"]
}

run "watches_every_part" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition     = toset(concat(keys(aws_cloudwatch_metric_alarm.rate), keys(aws_cloudwatch_metric_alarm.watch))) == toset(["api-5xx", "database-connections", "database-cpu", "database-memory", "database-storage", "database-unavailable", "function-concurrency", "function-duration", "function-errors", "function-throttles", "rotation-errors", "version-5xx", "version-errors"])
    error_message = "Each way to fail must have its alarm."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.rate), values(aws_cloudwatch_metric_alarm.watch)) : length(alarm.alarm_description) > 40])
    error_message = "Each must have a description for the person on call."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["database-connections"].threshold == 48 && aws_cloudwatch_metric_alarm.watch["function-concurrency"].threshold == 16
    error_message = "Limits must follow from the limits of the parts."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["database-storage"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.watch["database-storage"].threshold == 2147483648
    error_message = "There must be an alarm before the disk is full."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.email) == ["night@example.com"]
    error_message = "There must be a subscriber."
  }
}

run "watches_what_the_service_tells" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["database-unavailable"].namespace == "users-service" && aws_cloudwatch_metric_alarm.watch["database-unavailable"].metric_name == "DbStatementsUnavailable" && aws_cloudwatch_metric_alarm.watch["database-unavailable"].dimensions == tomap({ FunctionName = "users-service-test-api" })
    error_message = "There must be an alarm when there is no database for the service."
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.watch) : alarm.treat_missing_data == "notBreaching" if alarm.namespace == "users-service"])
    error_message = "What is zero is not told."
  }

  assert {
    condition     = length([for graph in local.graphs : graph if startswith(graph.properties.title, "Service: ")]) == 2 && !strcontains(jsonencode(local.graphs), "Password")
    error_message = "The dashboard must show what the service tells, and nothing of accounts that there are none of."
  }
}

run "watches_a_version_by_itself" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition = alltrue([for query in aws_cloudwatch_metric_alarm.rate["version-errors"].metric_query : query.metric[0].dimensions == tomap({
      FunctionName = "users-service-test-api", Resource = "users-service-test-api:live", ExecutedVersion = "7",
    }) if query.id != "rate"])
    error_message = "The errors of a canary must not drown in the traffic of the version before."
  }

  assert {
    condition = alltrue([for query in aws_cloudwatch_metric_alarm.rate["version-5xx"].metric_query :
      query.metric[0].namespace == "users-service" && query.metric[0].metric_name == "ServerErrors"
      && query.metric[0].dimensions == tomap({ FunctionName = "users-service-test-api", ExecutedVersion = "7" })
    if query.id == "errors"])
    error_message = "What the service itself answers with 5xx is no error for Lambda, and must be watched by version, too."
  }

  assert {
    condition = toset([for query in aws_cloudwatch_metric_alarm.rate["version-5xx"].metric_query : query.metric[0].dimensions if query.id == "total"]) == toset([tomap({
      FunctionName = "users-service-test-api", Resource = "users-service-test-api:live", ExecutedVersion = "7",
    })])
    error_message = "Such answers must be compared with the requests of that version."
  }

  assert {
    condition     = toset(output.rollback_alarm_names) == toset(["users-service-test-api-5xx", "users-service-test-function-errors", "users-service-test-version-5xx", "users-service-test-version-errors"])
    error_message = "What indicates a bad version must stop its deployment."
  }
}

run "refuses_the_function_instead_of_a_version" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    function_version = "$LATEST"
  }

  expect_failures = [var.function_version]
}

run "watches_accounts_and_the_worker" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    worker = { function_name = "users-service-test-worker", configuration_set = "" }
  }

  assert {
    condition     = alltrue([for name in ["limit-refusals", "tokens-reused"] : aws_cloudwatch_metric_alarm.watch[name].dimensions == tomap({ FunctionName = "users-service-test-api" })])
    error_message = "There must be an alarm when somebody tries passwords or stolen tokens."
  }

  assert {
    condition     = length([for graph in local.graphs : graph if startswith(graph.properties.title, "Service: ")]) == 3
    error_message = "The dashboard must show hashes, limits and tokens."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["worker-errors"].dimensions == tomap({ FunctionName = "users-service-test-worker" })
    error_message = "There must be an alarm when nothing is done on schedule."
  }

  assert {
    condition     = !anytrue([for name in keys(aws_cloudwatch_metric_alarm.watch) : startswith(name, "mail")])
    error_message = "Without mail there is none to watch."
  }
}

run "watches_mails" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    worker = { function_name = "users-service-test-worker", configuration_set = "users-service-test" }
  }

  assert {
    condition     = length(setsubtract(["jobs-failing", "mail-bounces", "mail-complaints", "mails-given-up", "mails-waiting", "worker-errors"], keys(aws_cloudwatch_metric_alarm.watch))) == 0
    error_message = "Each way in which mail fails must have its alarm."
  }

  assert {
    condition     = alltrue([for name in ["jobs-failing", "mails-given-up", "mails-waiting"] : aws_cloudwatch_metric_alarm.watch[name].namespace == "users-service" && aws_cloudwatch_metric_alarm.watch[name].dimensions == tomap({ FunctionName = "users-service-test-worker" })])
    error_message = "The worker tells what became of mails."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["mail-bounces"].dimensions == tomap({ "ses:configuration-set" = "users-service-test" }) && aws_cloudwatch_metric_alarm.watch["mail-bounces"].threshold == 0.05
    error_message = "There must be an alarm before AWS stops all mail."
  }

  assert {
    condition     = length(local.parts) == 5 && length(local.graphs) == 15
    error_message = "The dashboard must show the worker and its mails."
  }

  assert {
    condition     = length(output.rollback_alarm_names) == 4
    error_message = "A mail that cannot be delivered is no reason to roll back."
  }
}
