# The worker and the mails that it sends. Mails are counted by what it logs about them.

locals {
  watches_mail = try(var.worker.configuration_set, "") != ""

  worker_alarms = { for name, alarm in {
    worker-errors = {
      description = "The function that works on a schedule crashed or ran out of time: mails wait, and what has expired is not deleted. See its log."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = try(var.worker.function_name, "") }
      statistic   = "Sum", period = 300, periods = 3, breaches = 2, above = 0
    }
  } : name => alarm if var.worker != null }

  mail_alarms = { for name, alarm in {
    mails-given-up = {
      description = "A mail could not be sent within 24 hours, or never can: somebody waits in vain. The worker's log has the cause."
      namespace   = var.name, metric = "MailsGivenUp", dimensions = {}
      statistic   = "Sum", period = 300, periods = 1, breaches = 1, above = 0
    }
    # From these rates on AWS reviews an account, and may stop its mail
    # (https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html).
    mail-bounces = {
      description = "More than 5 % of the mails bounce, for which AWS may stop all mail. Somebody asks for links to addresses that do not exist."
      namespace   = "AWS/SES", metric = "Reputation.BounceRate", dimensions = local.configuration_set
      statistic   = "Maximum", period = 3600, periods = 1, breaches = 1, above = 0.05
    }
    mail-complaints = {
      description = "More than 1 of 1,000 mails is reported as spam, for which AWS may stop all mail. Somebody asks for links in the name of others."
      namespace   = "AWS/SES", metric = "Reputation.ComplaintRate", dimensions = local.configuration_set
      statistic   = "Maximum", period = 3600, periods = 1, breaches = 1, above = 0.001
    }
  } : name => alarm if local.watches_mail }

  configuration_set = { "ses:configuration-set" = try(var.worker.configuration_set, "") }

  worker_parts = [for part in [
    { title = "Worker", namespace = "AWS/Lambda", dimensions = ["FunctionName", try(var.worker.function_name, "")], graphs = concat(
      [{ title = "Errors and throttles", metrics = [["Errors", "Sum"], ["Throttles", "Sum"]] }],
      [for graph in local.mail_graphs : graph if local.watches_mail],
    ) },
  ] : part if var.worker != null]

  mail_graphs = [
    {
      title      = "Mails given up or tried again, addresses that cannot be reached"
      metrics    = [for metric in keys(local.counted) : [metric, "Sum"]]
      namespace  = var.name
      dimensions = []
    },
    {
      title      = "Share of the mails that bounce or are reported as spam"
      metrics    = [["Reputation.BounceRate", "Maximum"], ["Reputation.ComplaintRate", "Maximum"]]
      namespace  = "AWS/SES"
      dimensions = flatten([for name, value in local.configuration_set : [name, value]])
    },
  ]

  # What the worker logs, by the metric that counts it.
  counted = {
    MailsGivenUp         = "{ ($.message = \"A mail was given up\") || ($.message = \"A mail could not be read; it was given up\") }"
    MailsTriedAgain      = "{ $.message = \"A mail could not be sent; it is tried again\" }"
    UnreachableAddresses = "{ $.message = \"An address cannot be reached\" }"
  }
}

resource "aws_cloudwatch_log_metric_filter" "mail" {
  for_each = { for metric, pattern in local.counted : metric => pattern if local.watches_mail }

  name           = "${var.name}-${each.key}"
  log_group_name = var.worker.log_group
  pattern        = each.value

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = "1"
  }
}
