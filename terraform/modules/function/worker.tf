# The worker: it does what is not a request, on a schedule, because nothing runs in a function between two invocations. It deletes
# sessions, tokens and limits that are over, and sends the mails that requests have left in the database. It alone may send.

locals {
  sends_mail = var.mail != null

  # With mail it starts each minute and looks for what is due until the next one does, so that a mail waits a second or two. Two
  # at once do no harm: they take mails by a lease. Without mail a look now and then is enough.
  schedule = local.sends_mail ? "rate(1 minute)" : "rate(10 minutes)"
  jobs     = local.sends_mail ? jsonencode({ jobs = true, seconds = 58 }) : jsonencode({ jobs = true })

  worker = !local.issues_tokens ? {} : {
    worker = {
      description     = "Users service: what is done on a schedule"
      command         = "worker-lambda"
      memory_mb       = 128 # it waits most of its time, and is billed for that
      timeout_seconds = 90  # a mail that it begins in its last second may take 20
      environment = merge(var.settings, local.token_settings, local.mail_settings, !local.sends_mail ? {} : {
        SES_CONFIGURATION_SET = var.mail.configuration_set.name
      })
    }
  }

  # The api gets them too: with them it offers links and writes mails down.
  mail_settings = !local.sends_mail ? {} : {
    MAIL       = "ses"
    MAIL_FROM  = var.mail.from
    PUBLIC_URL = var.mail.public_url
  }

  mail_address = try(regex("[^<> ]+@[^<> ]+", var.mail.from), "")
}

# The version that runs. A deploy moves it once the database is migrated, and a rollback moves it back (scripts/lib/release.sh):
# until then the worker of the release before goes on. Where there is none, with the first access = "tokens", the schedule may start
# this one some minutes before the migration. Nothing is lost by that: without their tables its jobs fail, which changes nothing, and
# the next run makes up for them; nobody has signed in yet, and no mail waits.
resource "aws_lambda_alias" "worker" {
  count = local.issues_tokens ? 1 : 0

  name             = "live"
  description      = "The version that the schedule invokes; deploys and rollbacks move it"
  function_name    = aws_lambda_function.from_image["worker"].function_name
  function_version = aws_lambda_function.from_image["worker"].version

  # Terraform sets only the first version.
  lifecycle {
    ignore_changes = [function_version]
  }
}

resource "aws_cloudwatch_event_rule" "jobs" {
  count = local.issues_tokens ? 1 : 0

  name                = "${var.name}-jobs"
  description         = "Runs the jobs of ${var.name}"
  schedule_expression = local.schedule
}

resource "aws_cloudwatch_event_target" "jobs" {
  count = length(aws_cloudwatch_event_rule.jobs)

  rule  = aws_cloudwatch_event_rule.jobs[0].name
  arn   = aws_lambda_alias.worker[0].arn
  input = local.jobs
}

# What SES tells of mails that could not be delivered, or that somebody has complained about.
resource "aws_cloudwatch_event_rule" "feedback" {
  count = local.sends_mail ? 1 : 0

  name        = "${var.name}-mail-feedback"
  description = "Bounces of and complaints about mails of ${var.name}"

  event_pattern = jsonencode({
    source      = ["aws.ses"]
    detail-type = ["Email Bounced", "Email Complaint Received"]
    detail      = { mail = { tags = { "ses:configuration-set" = [var.mail.configuration_set.name] } } }
  })
}

resource "aws_cloudwatch_event_target" "feedback" {
  count = length(aws_cloudwatch_event_rule.feedback)

  rule = aws_cloudwatch_event_rule.feedback[0].name
  arn  = aws_lambda_alias.worker[0].arn
}

resource "aws_lambda_permission" "worker" {
  for_each = merge(
    { for rule in aws_cloudwatch_event_rule.jobs : "jobs" => rule.arn },
    { for rule in aws_cloudwatch_event_rule.feedback : "mail-feedback" => rule.arn },
  )

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.worker[0].function_name
  qualifier     = aws_lambda_alias.worker[0].name
  principal     = "events.amazonaws.com"
  source_arn    = each.value
}

# After an outage Lambda must not catch up on hours of a schedule: the next run makes up for all before it.
resource "aws_lambda_function_event_invoke_config" "worker" {
  count = local.issues_tokens ? 1 : 0

  function_name                = aws_lambda_alias.worker[0].function_name
  qualifier                    = aws_lambda_alias.worker[0].name
  maximum_event_age_in_seconds = 600
}
