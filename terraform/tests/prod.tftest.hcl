# The plan of prod.tfvars: safe. As shipped it has no alarm subscriber, and is refused until it gets one.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "read_prod_tfvars" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    file = "prod.tfvars"
  }

  assert {
    condition = length(setsubtract(keys(output.values), [
      "account_id", "environment", "region", "zone_count", "database_instance_class", "database_max_connections", "database_storage_gb",
      "reserved_concurrency", "throttle", "alarm_emails",
    ])) == 0
    error_message = "prod.tfvars sets something that the run below does not pass on."
  }
}

run "prod" {
  command = plan

  variables {
    account_id               = run.read_prod_tfvars.values.account_id
    environment              = run.read_prod_tfvars.values.environment
    region                   = run.read_prod_tfvars.values.region
    zone_count               = run.read_prod_tfvars.values.zone_count
    database_instance_class  = run.read_prod_tfvars.values.database_instance_class
    database_max_connections = run.read_prod_tfvars.values.database_max_connections
    database_storage_gb      = run.read_prod_tfvars.values.database_storage_gb
    reserved_concurrency     = run.read_prod_tfvars.values.reserved_concurrency
    throttle                 = run.read_prod_tfvars.values.throttle
    alarm_emails             = concat(run.read_prod_tfvars.values.alarm_emails, ["night@example.com"])
    image_digest             = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }

  assert {
    condition     = local.profile.multi_az && local.profile.deletion_protection && local.profile.backup_days >= 14
    error_message = "prod must have a standby, deletion protection and two weeks of backups."
  }

  assert {
    condition     = !local.profile.apply_immediately
    error_message = "prod's database must not restart outside the maintenance window."
  }

  assert {
    condition     = local.profile.endpoint_zone_count == var.zone_count
    error_message = "prod must reach its secret when a zone fails."
  }

  assert {
    condition     = strcontains(local.profile.traffic_shift, "Canary") && local.profile.roll_back_on_alarm
    error_message = "prod must try a new version on part of the traffic and roll back on an alarm."
  }

  assert {
    condition     = toset(module.monitoring.rollback_alarm_names) == toset(["users-service-prod-api-5xx", "users-service-prod-function-errors", "users-service-prod-version-5xx", "users-service-prod-version-errors"])
    error_message = "The canary must watch the errors that clients and the function see."
  }

  assert {
    condition     = module.function.concurrency_ceiling == var.reserved_concurrency
    error_message = "prod must reserve its concurrency."
  }

  assert {
    condition     = output.authorization == "iam" && output.secret_name == "prod/rds/credentials"
    error_message = "prod must be closed, with the secret's usual name."
  }
}

run "prod_can_be_prepared_for_its_end" {
  command = plan

  variables {
    account_id               = "123456789012"
    environment              = "prod"
    database_instance_class  = "db.t4g.medium"
    database_max_connections = 240
    throttle                 = { rate = 500, burst = 500 }
    alarm_emails             = ["night@example.com"]
    allow_destroy            = true
    image_digest             = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }

  assert {
    condition     = !local.profile.deletion_protection
    error_message = "allow_destroy must take the protection off."
  }
}
