# The database is private, encrypted, backed up, and Terraform never sees its password.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                = "users-service-test"
  subnet_ids          = ["subnet-a", "subnet-b"]
  security_group_id   = "sg-a"
  instance_class      = "db.t4g.micro"
  schema              = "ecommerce"
  max_connections     = 60
  storage_gb          = 20
  multi_az            = false
  backup_days         = 1
  deletion_protection = false
  keep_final_snapshot = false
  apply_immediately   = true
  log_retention_days  = 14
}

run "is_private_and_encrypted" {
  command = plan

  module {
    source = "./modules/database"
  }

  assert {
    condition     = !aws_db_instance.mysql.publicly_accessible && aws_db_instance.mysql.storage_encrypted
    error_message = "The database must be private and encrypted."
  }

  assert {
    condition     = aws_db_instance.mysql.manage_master_user_password && aws_db_instance.mysql.password == null
    error_message = "RDS must manage the administrator's password."
  }

  assert {
    condition     = aws_db_instance.mysql.max_allocated_storage > aws_db_instance.mysql.allocated_storage
    error_message = "The disk must be able to grow."
  }

  assert {
    condition     = aws_db_instance.mysql.enabled_cloudwatch_logs_exports == toset(["error"])
    error_message = "Only the error log may be exported: the slow query log holds e-mail addresses."
  }
}

run "is_disposable_where_it_may_be" {
  command = plan

  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.mysql.skip_final_snapshot && aws_db_instance.mysql.delete_automated_backups && !aws_db_instance.mysql.multi_az
    error_message = "A disposable database must leave nothing behind."
  }

  assert {
    condition     = !aws_db_instance.mysql.performance_insights_enabled
    error_message = "RDS refuses insights on a micro class."
  }
}

run "is_safe_where_it_must_be" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    instance_class      = "db.t4g.medium"
    multi_az            = true
    backup_days         = 14
    deletion_protection = true
    keep_final_snapshot = true
    apply_immediately   = false
  }

  assert {
    condition     = aws_db_instance.mysql.multi_az && aws_db_instance.mysql.deletion_protection && !aws_db_instance.mysql.skip_final_snapshot && !aws_db_instance.mysql.delete_automated_backups
    error_message = "A safe database must have a standby and survive a deletion by mistake."
  }

  assert {
    condition     = aws_db_instance.mysql.performance_insights_enabled && aws_db_instance.mysql.database_insights_mode == "standard"
    error_message = "Insights must be on where the class allows them."
  }
}

run "is_created_empty_without_a_snapshot" {
  command = plan

  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.mysql.db_name == "ecommerce" && aws_db_instance.mysql.username == "administrator"
    error_message = "A new database must have its schema and administrator."
  }
}

run "can_start_from_a_snapshot" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    snapshot_identifier = "python-service-last"
  }

  assert {
    condition     = aws_db_instance.mysql.snapshot_identifier == "python-service-last"
    error_message = "The snapshot must be used."
  }

  assert {
    condition     = local.engine_version == null
    error_message = "The version must be the snapshot's own: RDS refuses to upgrade 8.4.N to 8.4."
  }
}

run "refuses_no_backups" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    backup_days = 0
  }

  expect_failures = [var.backup_days]
}

run "refuses_protection_without_a_final_snapshot" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    deletion_protection = true
  }

  expect_failures = [var.keep_final_snapshot]
}
