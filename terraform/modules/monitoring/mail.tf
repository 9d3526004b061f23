# The worker and the mails that it sends.

locals {
  watches_mail = try(var.worker.configuration_set, "") != ""

  worker = { FunctionName = try(var.worker.function_name, "") }

  worker_alarms = { for name, alarm in {
    worker-errors = {
      description = "The function that works on a schedule crashed or ran out of time: mails wait, and what has expired is not deleted. See its log."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.worker
      statistic   = "Sum", period = 300, periods = 3, breaches = 2, above = 0
    }
    jobs-failing = {
      description = "Jobs of the worker have failed for three quarters of an hour: mails wait, or what has expired is not deleted. See its log."
      namespace   = local.namespace, metric = "JobsFailed", dimensions = local.worker
      statistic   = "Sum", period = 900, periods = 3, breaches = 3, above = 0
    }
  } : name => alarm if var.worker != null }

  mail_alarms = { for name, alarm in {
    mails-given-up = {
      description = "A mail could not be sent within 24 hours, or before its link expired, or never can: somebody waits in vain. The worker's log has the cause."
      namespace   = local.namespace, metric = "MailsGivenUp", dimensions = local.worker
      statistic   = "Sum", period = 300, periods = 1, breaches = 1, above = 0
    }
    mails-waiting = {
      description = "A mail has been waiting for a quarter of an hour: SES refuses or does not answer. A mail is tried for 24 hours, a link for as long as it is valid."
      namespace   = local.namespace, metric = "MailsWaitingTime", dimensions = local.worker
      statistic   = "Maximum", period = 300, periods = 3, breaches = 3, above = 900 # s
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
    { title = "Worker", namespace = "AWS/Lambda", dimensions = ["FunctionName", local.worker.FunctionName], graphs = concat(
      [{ title = "Errors and throttles", metrics = [["Errors", "Sum"], ["Throttles", "Sum"]] }],
      [for graph in local.mail_graphs : graph if local.watches_mail],
    ) },
  ] : part if var.worker != null]

  mail_graphs = [
    {
      title      = "Mails, and addresses that cannot be reached"
      metrics    = [["MailsSent", "Sum"], ["MailsPostponed", "Sum"], ["MailsGivenUp", "Sum"], ["MailsWaiting", "Maximum"], ["AddressesUndeliverable", "Sum"]]
      namespace  = local.namespace
      dimensions = ["FunctionName", local.worker.FunctionName]
    },
    {
      title      = "Share of the mails that bounce or are reported as spam"
      metrics    = [["Reputation.BounceRate", "Maximum"], ["Reputation.ComplaintRate", "Maximum"]]
      namespace  = "AWS/SES"
      dimensions = flatten([for name, value in local.configuration_set : [name, value]])
    },
  ]
}
