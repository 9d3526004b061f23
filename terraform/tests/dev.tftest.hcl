# The plan of dev.tfvars: cheap, disposable, and still closed.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "read_dev_tfvars" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    file = "dev.tfvars"
  }

  assert {
    condition = length(setsubtract(keys(output.values), [
      "account_id", "environment", "region", "database_instance_class", "database_max_connections", "throttle",
    ])) == 0
    error_message = "dev.tfvars sets something that the run below does not pass on."
  }
}

run "dev" {
  command = plan

  variables {
    account_id               = run.read_dev_tfvars.values.account_id
    environment              = run.read_dev_tfvars.values.environment
    region                   = run.read_dev_tfvars.values.region
    database_instance_class  = run.read_dev_tfvars.values.database_instance_class
    database_max_connections = run.read_dev_tfvars.values.database_max_connections
    throttle                 = run.read_dev_tfvars.values.throttle
    image_digest             = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }

  assert {
    condition     = var.environment == "dev" && endswith(var.database_instance_class, ".micro")
    error_message = "dev.tfvars must be dev, on the smallest class."
  }

  assert {
    condition     = !local.profile.multi_az && !local.profile.deletion_protection && local.profile.secret_recovery_days == 0
    error_message = "dev must be disposable: no standby, no protection, the secret's name free again at once."
  }

  assert {
    condition     = local.profile.endpoint_zone_count == 1
    error_message = "dev must pay for one zone of the endpoint only."
  }

  assert {
    condition     = local.profile.traffic_shift == "CodeDeployDefault.LambdaAllAtOnce" && !local.profile.roll_back_on_alarm
    error_message = "dev must shift all traffic at once."
  }

  assert {
    condition     = output.authorization == "iam"
    error_message = "dev must ask for signed requests too."
  }

  assert {
    condition     = output.secret_name == "dev/rds/credentials"
    error_message = "The secret must have the Python service's name."
  }

  assert {
    condition     = output.function_name == "users-service-dev-api" && output.migrate_function_name == "users-service-dev-migrate" && output.rotate_function_name == "users-service-dev-rotate-secret"
    error_message = "The functions must have the names that scripts and bootstrap/ expect."
  }

  assert {
    condition     = output.function_alias == "live" && output.codedeploy_application == "users-service-dev" && output.codedeploy_deployment_group == "live"
    error_message = "Alias and CodeDeploy must have the names that scripts expect."
  }

  assert {
    condition     = output.image_digest_parameter == "/users-service/dev/image_digest" && output.previous_version_parameter == "/users-service/dev/previous_version"
    error_message = "The records must have the names that scripts expect."
  }

  assert {
    condition     = toset(keys(output.log_group_names)) == toset(["access", "api", "database", "migrate", "network", "rotate-secret"])
    error_message = "Every writer must have its own log group, with a retention limit."
  }

  assert {
    condition     = local.permissions_boundary_arn == "arn:aws:iam::123456789012:policy/users-service-dev-runtime-boundary"
    error_message = "Roles must carry the boundary that bootstrap/ makes."
  }
}
