# What the functions tell of themselves, in log lines that CloudWatch makes metrics of. docs/metrics.md has the list, of which
# scripts/tests/metrics.sh holds that what is named here is there. The functions need no permission for it but that to write logs
# (https://docs.aws.amazon.com/lambda/latest/dg/web-functions-emf.html).

locals {
  namespace    = "users-service" # The service's own, the same everywhere: the functions tell the environments apart.
  has_accounts = var.worker != null

  service_alarms = { for name, alarm in {
    database-unavailable = {
      description = "The database, or a connection to it, was unavailable in three of five minutes. The log says why; see the dashboard's row of the database."
      namespace   = local.namespace, metric = "DbStatementsUnavailable", dimensions = local.function
      statistic   = "Sum", period = 60, periods = 5, breaches = 3, above = 0
    }
    limit-refusals = {
      description = "Limits refuse 100 attempts in five minutes, for a quarter of an hour: somebody tries passwords, or a client does not stop."
      namespace   = local.namespace, metric = "LimitRefusals", dimensions = local.function
      statistic   = "Sum", period = 300, periods = 3, breaches = 3, above = 100
    }
    tokens-reused = {
      description = "More than 10 refresh tokens were used twice in an hour, which ends their sessions: they are stolen, or a client is at fault."
      namespace   = local.namespace, metric = "RefreshTokensReused", dimensions = local.function
      statistic   = "Sum", period = 3600, periods = 1, breaches = 1, above = 10
    }
  } : name => alarm if local.has_accounts || name == "database-unavailable" }

  service_graphs = [for graph in [
    { title = "Statements without a database or that failed, retries", metrics = [["DbStatementsUnavailable", "Sum"], ["DbStatementsFailed", "Sum"], ["DbRetries", "Sum"]] },
    { title = "Its own answers 5xx, log lines dropped", metrics = [["ServerErrors", "Sum"], ["LogLinesDropped", "Sum"]] },
    { title = "Password hashes, refusals by limits, tokens used twice", metrics = [["PasswordHashes", "Sum"], ["LimitRefusals", "Sum"], ["RefreshTokensReused", "Sum"]] },
  ] : merge(graph, { namespace = local.namespace }) if local.has_accounts || !startswith(graph.title, "Password")]
}
