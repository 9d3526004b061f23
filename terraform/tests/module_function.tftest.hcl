# One image becomes the functions, each with a role of its own; CodeDeploy shifts the traffic.

mock_provider "aws" {
  source = "./tests/mocks"
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
}

run "makes_three_functions_of_one_image" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = { for key, function in aws_lambda_function.from_image : key => one(function.image_config[0].command) } == { api = "lambda", migrate = "migrate-lambda", rotate-secret = "rotate-secret" }
    error_message = "Each function must run its part of the executable."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.from_image : function.image_uri == var.image.uri && function.package_type == "Image"])
    error_message = "All must run the same image, by digest."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.from_image : function.architectures == tolist(["arm64"])])
    error_message = "All must run on the processor that the image was built for."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.from_image : length(function.vpc_config[0].subnet_ids) == 2])
    error_message = "All must run in the private subnets."
  }

  assert {
    condition     = aws_lambda_function.from_image["api"].timeout < 30 && aws_lambda_function.from_image["migrate"].timeout == 900
    error_message = "The api must time out before the gateway does; a migration may take as long as Lambda allows."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.migrate.maximum_retry_attempts == 0
    error_message = "A failed migration must not be started again by itself."
  }
}

run "passes_settings_and_no_secret" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_lambda_function.from_image["api"].environment[0].variables == tomap({ REQUIRE_IF_MATCH = "true", ENVIRONMENT = "dev", LOG_LEVEL = "INFO", DB_NAME = "ecommerce", DB_POOL_SIZE = "1" })
    error_message = "The api must not get the administrator's secret."
  }

  assert {
    condition     = alltrue([for key in ["migrate", "rotate-secret"] : toset(keys(aws_lambda_function.from_image[key].environment[0].variables)) == toset(["ADMIN_SECRET_ARN", "DB_HOST", "DB_PORT", "DB_NAME", "DB_POOL_SIZE", "ENVIRONMENT", "LOG_LEVEL"])])
    error_message = "Administration must know where the database and its secret are."
  }
}

run "grants_each_what_it_needs" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = flatten([for grant in local.grants.api : grant.actions]) == ["secretsmanager:GetSecretValue"] && local.grants.api[0].secret == var.secret_arn
    error_message = "The api may read its own secret only."
  }

  assert {
    condition     = [for grant in local.grants.migrate : grant.actions if grant.secret == var.database.admin_secret_arn] == [["secretsmanager:GetSecretValue"]]
    error_message = "migrate may read, not write, the administrator's secret."
  }

  assert {
    condition     = contains(flatten([for grant in local.grants.rotate-secret : grant.actions if grant.secret == var.secret_arn]), "secretsmanager:UpdateSecretVersionStage")
    error_message = "rotate-secret must be able to finish a rotation."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.function : role.permissions_boundary == var.permissions_boundary_arn]) && length(aws_iam_role.function) == 3
    error_message = "Each function must have a role of its own, within the boundary."
  }
}

run "publishes_only_the_api" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition     = { for key, function in aws_lambda_function.from_image : key => function.publish } == { api = true, migrate = false, rotate-secret = false }
    error_message = "Only the api has versions to shift traffic between."
  }

  assert {
    condition     = aws_codedeploy_app.api.compute_platform == "Lambda" && aws_codedeploy_deployment_group.live.deployment_config_name == "CodeDeployDefault.LambdaAllAtOnce"
    error_message = "CodeDeploy must shift the traffic as asked."
  }

  assert {
    condition     = length(aws_codedeploy_deployment_group.live.alarm_configuration) == 0
    error_message = "Without alarms there is none to watch."
  }
}

run "rolls_back_on_alarms_where_asked" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    traffic_shift           = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    rollback_alarm_names    = ["a", "b"]
    reserved_concurrency    = 21
    provisioned_concurrency = 2
  }

  assert {
    condition     = aws_codedeploy_deployment_group.live.alarm_configuration[0].alarms == toset(["a", "b"]) && aws_codedeploy_deployment_group.live.alarm_configuration[0].enabled
    error_message = "The canary must watch the alarms."
  }

  assert {
    condition     = contains(aws_codedeploy_deployment_group.live.auto_rollback_configuration[0].events, "DEPLOYMENT_STOP_ON_ALARM")
    error_message = "An alarm must roll the deployment back."
  }

  assert {
    condition     = aws_lambda_function.from_image["api"].reserved_concurrent_executions == 21 && aws_lambda_function.from_image["migrate"].reserved_concurrent_executions == -1
    error_message = "Only the api has reserved concurrency."
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.live[0].provisioned_concurrent_executions == 2
    error_message = "Environments must be kept warm as asked."
  }
}

run "refuses_a_traffic_shift_for_servers" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    traffic_shift = "CodeDeployDefault.OneAtATime"
  }

  expect_failures = [var.traffic_shift]
}

run "refuses_eleven_alarms" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    rollback_alarm_names = [for number in range(11) : tostring(number)]
  }

  expect_failures = [var.rollback_alarm_names]
}

run "refuses_a_reservation_that_a_new_account_cannot_make" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    reserved_concurrency = 5
  }

  override_data {
    target = data.aws_servicequotas_service_quota.concurrent_executions[0]
    values = { value = 10 }
  }

  expect_failures = [data.aws_servicequotas_service_quota.concurrent_executions]
}

run "issues_tokens_with_keys_that_a_function_of_its_own_rotates" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    tokens = {
      keys_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/signing-keys-a"
      issuer          = "https://users.example"
      audiences       = ["orders", "billing"]
      sign_up         = "closed"
    }
  }

  assert {
    condition     = one(aws_lambda_function.from_image["rotate-keys"].image_config[0].command) == "rotate-keys-lambda"
    error_message = "A function must rotate the keys."
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.from_image["rotate-keys"].environment[0].variables), "ADMIN_SECRET_ARN")
    error_message = "Who rotates the keys has nothing to do with the database."
  }

  assert {
    condition     = tomap({ for key, value in aws_lambda_function.from_image["api"].environment[0].variables : key => value if contains(["ACCESS", "SIGN_UP", "TOKEN_ISSUER", "TOKEN_AUDIENCES"], key) }) == tomap({ ACCESS = "tokens", SIGN_UP = "closed", TOKEN_ISSUER = "https://users.example", TOKEN_AUDIENCES = "orders,billing" })
    error_message = "The api must know how tokens are issued."
  }

  assert {
    condition     = aws_lambda_function.from_image["api"].memory_size == 1024
    error_message = "Password hashes need processor time, which comes with memory."
  }

  assert {
    condition     = [for grant in local.grants.api : grant.actions if grant.secret == var.tokens.keys_secret_arn] == [["secretsmanager:GetSecretValue"]] && [for grant in local.grants.rotate-keys : grant.secret] == [var.tokens.keys_secret_arn]
    error_message = "The api reads the keys, and only the function that rotates them writes them."
  }

  assert {
    condition     = alltrue([for key in ["migrate", "rotate-secret"] : !contains([for grant in local.grants[key] : grant.secret], var.tokens.keys_secret_arn)])
    error_message = "Administration of the database must not reach the keys."
  }
}

run "passes_on_metrics_whatever_is_logged" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    log_level = "ERROR"
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.from_image : function.logging_config[0].log_format == "JSON" && function.logging_config[0].application_log_level == "INFO" && function.environment[0].variables.LOG_LEVEL == "ERROR"])
    error_message = "Lambda must not drop the lines of metrics, which are INFO."
  }
}
