# What is refused about place, image, network, database and function, each with the variable that refuses it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  account_id               = "123456789012"
  environment              = "dev"
  database_instance_class  = "db.t4g.micro"
  database_max_connections = 60
  throttle                 = { rate = 20, burst = 20 }
  image_digest             = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

run "an_account_that_is_no_account" {
  command = plan

  variables {
    account_id = "1234-5678-9012"
  }

  expect_failures = [var.account_id]
}

run "an_environment_that_does_not_exist" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

run "a_region_of_another_partition" {
  command = plan

  variables {
    region = "cn-north-1"
  }

  expect_failures = [var.region]
}

run "a_region_that_is_no_region" {
  command = plan

  variables {
    region = "Virginia"
  }

  expect_failures = [var.region]
}

run "an_image_by_tag" {
  command = plan

  variables {
    image_digest = "latest"
  }

  expect_failures = [var.image_digest]
}

run "an_image_by_half_a_digest" {
  command = plan

  variables {
    image_digest = "sha256:0123"
  }

  expect_failures = [var.image_digest]
}

run "a_processor_that_lambda_lacks" {
  command = plan

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "a_log_level_that_does_not_exist" {
  command = plan

  variables {
    log_level = "LOUD"
  }

  expect_failures = [var.log_level]
}

run "a_public_network" {
  command = plan

  variables {
    network_cidr = "8.8.0.0/16"
  }

  expect_failures = [var.network_cidr]
}

run "a_network_too_small" {
  command = plan

  variables {
    network_cidr = "10.0.0.0/28"
  }

  expect_failures = [var.network_cidr]
}

run "a_single_zone" {
  command = plan

  variables {
    zone_count = 1
  }

  expect_failures = [var.zone_count]
}

run "a_class_that_is_no_class" {
  command = plan

  variables {
    database_instance_class = "t4g.micro"
  }

  expect_failures = [var.database_instance_class]
}

run "prod_on_a_micro_instance" {
  command = plan

  variables {
    environment             = "prod"
    database_instance_class = "db.t4g.micro"
    alarm_emails            = ["night@example.com"]
  }

  expect_failures = [var.database_instance_class]
}

run "too_few_connections" {
  command = plan

  variables {
    database_max_connections = 5
  }

  expect_failures = [var.database_max_connections]
}

run "a_part_of_a_connection" {
  command = plan

  variables {
    database_max_connections = 60.5
  }

  expect_failures = [var.database_max_connections]
}

run "a_disk_too_small" {
  command = plan

  variables {
    database_storage_gb = 5
  }

  expect_failures = [var.database_storage_gb]
}

run "a_schema_name_with_a_blank" {
  command = plan

  variables {
    database_name = "my users"
  }

  expect_failures = [var.database_name]
}

run "a_snapshot_name_with_a_slash" {
  command = plan

  variables {
    database_snapshot_identifier = "a/b"
  }

  expect_failures = [var.database_snapshot_identifier]
}

run "rotation_never" {
  command = plan

  variables {
    secret_rotation_days = 0
  }

  expect_failures = [var.secret_rotation_days]
}

run "a_stopped_function" {
  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "more_requests_than_connections" {
  command = plan

  variables {
    reserved_concurrency = 22
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_negative_number_kept_warm" {
  command = plan

  variables {
    provisioned_concurrency = -1
  }

  expect_failures = [var.provisioned_concurrency]
}

run "more_kept_warm_than_reserved" {
  command = plan

  variables {
    reserved_concurrency    = 10
    provisioned_concurrency = 11
  }

  expect_failures = [var.provisioned_concurrency]
}

run "a_setting_that_another_variable_decides" {
  command = plan

  variables {
    settings = { REQUIRE_IF_MATCH = "true", DB_POOL_SIZE = "50" }
  }

  expect_failures = [var.settings]
}

run "alarms_without_metrics" {
  command = plan

  variables {
    settings = { METRICS_EMF = "off" }
  }

  expect_failures = [var.settings]
}
