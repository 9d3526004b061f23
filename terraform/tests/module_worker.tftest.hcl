# The worker: on a schedule, with what it needs and nothing more; it alone may send mail.

mock_provider "aws" {
  source = "./tests/mocks"

  # So that policies can be looked at as they are applied.
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:mock" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:mock:live" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/mock" }
  }
}

variables {
  name                     = "users-service-test"
  environment              = "dev"
  image                    = { uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/users-service@sha256:0000000000000000000000000000000000000000000000000000000000000000", architecture = "arm64" }
  network                  = { subnet_ids = ["subnet-a", "subnet-b"], security_group_id = "sg-a" }
  database                 = { schema = "ecommerce", host = "db.example.com", port = 3306, admin_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-a" }
  secret_arn               = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/rds/credentials-a"
  settings                 = { REQUIRE_IF_MATCH = "true" }
  max_connections          = 60
  reserved_concurrency     = -1
  provisioned_concurrency  = 0
  traffic_shift            = "CodeDeployDefault.LambdaAllAtOnce"
  rollback_alarm_names     = []
  log_level                = "INFO"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/users-service-runtime-boundary"
  log_retention_days       = 14
  tokens = {
    keys_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/signing-keys-a"
    issuer          = "https://users.example.com"
    audiences       = []
    sign_up         = "closed"
  }
  mail = {
    from              = "Example <no-reply@users.example.com>"
    public_url        = "https://users.example.com"
    identity_arn      = "arn:aws:ses:us-east-1:123456789012:identity/users.example.com"
    configuration_set = { name = "users-service-test", arn = "arn:aws:ses:us-east-1:123456789012:configuration-set/users-service-test" }
    security_group_id = "sg-mail"
  }
}

run "looks_for_mails_all_the_time" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = one(aws_lambda_function.from_image["worker"].image_config[0].command) == "worker-lambda"
    error_message = "It must run its part of the executable."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.jobs[0].schedule_expression == "rate(1 minute)" && jsondecode(aws_cloudwatch_event_target.jobs[0].input) == { jobs = true, seconds = 58 }
    error_message = "A mail must not wait for the next minute."
  }

  assert {
    condition     = aws_lambda_function.from_image["worker"].timeout >= 58 + 20
    error_message = "A mail that is begun in the last second needs time."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.feedback[0].event_pattern) == { source = ["aws.ses"], detail-type = ["Email Bounced", "Email Complaint Received"], detail = { mail = { tags = { "ses:configuration-set" = ["users-service-test"] } } } }
    error_message = "It must hear of its own bounces and complaints, and of nobody else's."
  }

  assert {
    condition     = toset(keys(aws_lambda_permission.worker)) == toset(["jobs", "mail-feedback"]) && alltrue([for permission in aws_lambda_permission.worker : permission.principal == "events.amazonaws.com"])
    error_message = "Both rules may invoke it, and nobody else."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.worker[0].maximum_event_age_in_seconds <= 900
    error_message = "Hours of a schedule must not be made up for."
  }
}

run "alone_may_send" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition = {
      for function, document in data.aws_iam_policy_document.function : function => [for statement in document.statement : statement.resources if statement.sid == "SendMail"]
      } == {
      api    = [], migrate = [], rotate-secret = [], rotate-keys = []
      worker = [toset([var.mail.identity_arn, var.mail.configuration_set.arn])]
    }
    error_message = "The worker must be able to send from its domain, and no other function at all."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.function["worker"].statement : one(statement.condition).values if statement.sid == "SendMail"]) == tolist(["no-reply@users.example.com"])
    error_message = "It must send in the name of the one sender."
  }

  assert {
    condition     = { for function, resource in aws_lambda_function.from_image : function => length(resource.vpc_config[0].security_group_ids) } == { api = 1, migrate = 1, rotate-secret = 1, rotate-keys = 1, worker = 2 }
    error_message = "The worker alone must have a way to SES."
  }

  assert {
    condition     = [for grant in local.grants.worker : grant.secret] == [for grant in local.grants.api : grant.secret]
    error_message = "It must read what the api reads, and not the administrator's secret."
  }
}

run "changes_release_with_an_alias" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition     = { for function, resource in aws_lambda_function.from_image : function => resource.publish } == { api = true, worker = true, migrate = false, rotate-secret = false, rotate-keys = false }
    error_message = "The release before must go on until the database is migrated."
  }

  assert {
    condition     = toset([aws_cloudwatch_event_target.jobs[0].arn, aws_cloudwatch_event_target.feedback[0].arn]) == toset([aws_lambda_alias.worker[0].arn])
    error_message = "What invokes the worker must follow the alias."
  }

  assert {
    condition     = alltrue([for permission in aws_lambda_permission.worker : permission.qualifier == "live"]) && aws_lambda_function_event_invoke_config.worker[0].qualifier == "live"
    error_message = "Whoever invokes the alias must be let in, and under the same conditions."
  }
}

run "knows_the_sender_as_the_api_does" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition = { for name, value in aws_lambda_function.from_image["worker"].environment[0].variables : name => value if contains(["ACCESS", "MAIL", "MAIL_FROM", "PUBLIC_URL", "REQUIRE_IF_MATCH", "SES_CONFIGURATION_SET"], name) } == {
      REQUIRE_IF_MATCH = "true", ACCESS = "tokens", MAIL = "ses", MAIL_FROM = "Example <no-reply@users.example.com>", PUBLIC_URL = "https://users.example.com", SES_CONFIGURATION_SET = "users-service-test"
    }
    error_message = "The worker must know how to send."
  }

  assert {
    condition     = setsubtract(keys(aws_lambda_function.from_image["worker"].environment[0].variables), keys(aws_lambda_function.from_image["api"].environment[0].variables)) == toset(["SES_CONFIGURATION_SET"])
    error_message = "The api must make the same links."
  }
}

run "looks_now_and_then_without_mail" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    mail = null
  }

  assert {
    condition     = aws_cloudwatch_event_rule.jobs[0].schedule_expression == "rate(10 minutes)" && jsondecode(aws_cloudwatch_event_target.jobs[0].input) == { jobs = true }
    error_message = "What has expired must be deleted now and then."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.feedback) == 0 && keys(aws_lambda_permission.worker) == ["jobs"]
    error_message = "Without mail there are no bounces."
  }

  assert {
    condition     = !anytrue(flatten([for function in aws_lambda_function.from_image : [for name in keys(function.environment[0].variables) : startswith(name, "MAIL")]]))
    error_message = "Mail must be off."
  }
}

run "is_not_there_without_tokens" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    tokens = null
    mail   = null
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.from_image), "worker") && length(aws_cloudwatch_event_rule.jobs) == 0 && length(aws_lambda_permission.worker) == 0
    error_message = "There is nothing to do on a schedule."
  }
}
