# MySQL 8.4 on RDS, private and encrypted. RDS itself generates, stores and rotates the administrator's password.

locals {
  # RDS refuses database insights on the two smallest burstable sizes.
  insights = !can(regex("^db\\.t[0-9]g?\\.(micro|small)$", var.instance_class))

  # Of a database that is restored from a snapshot, the exact version is the snapshot's. The provider restores first and then
  # modifies what differs, and RDS refuses "8.4" for an instance that is 8.4.N already, as an upgrade that does not exist
  # (terraform-aws-modules/terraform-aws-rds#385). A snapshot of another major version is refused by the parameter group.
  engine_version = var.snapshot_identifier == "" ? "8.4" : null
}

resource "aws_db_subnet_group" "private" {
  name        = var.name
  description = "Private subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "mysql" {
  name        = "${var.name}-mysql84"
  family      = "mysql8.4"
  description = "Settings that the users service relies on"

  dynamic "parameter" {
    for_each = {
      character_set_server     = "utf8mb4"
      time_zone                = "UTC"
      require_secure_transport = "1"
      max_connections          = tostring(var.max_connections) # explicit, because reserved concurrency is checked against it
      wait_timeout             = "600"                         # the server closes the connection of a frozen function after ten minutes
      interactive_timeout      = "600"
    }

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  # A new family needs a new group, which the instance must move to before the old one can be deleted.
  lifecycle {
    create_before_destroy = true
  }
}

# Before the instance, which would otherwise create it without a retention limit.
# The slow query log is not exported: its statements hold e-mail addresses.
resource "aws_cloudwatch_log_group" "errors" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts log groups by itself; a key of our own adds cost and a way to lose them
  #checkov:skip=CKV_AWS_338:prod keeps a year; dev, which holds no real data, less
  name              = "/aws/rds/instance/${var.name}/error"
  retention_in_days = var.log_retention_days
}

# The name of a final snapshot must be new each time, so it carries the day and minute the instance was planned.
# To start over from a snapshot, replace this: terraform apply -replace=module.database.terraform_data.birth …
resource "terraform_data" "birth" {
  input = formatdate("YYYYMMDD-hhmm", plantimestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_db_instance" "mysql" {
  #checkov:skip=CKV_AWS_118:the alarms use CloudWatch's own metrics; enhanced monitoring costs log ingestion every second for the operating system's
  #checkov:skip=CKV_AWS_157:a standby is for prod; the variable decides, and the tests check prod
  #checkov:skip=CKV_AWS_161:nobody signs in with IAM; the functions use their secret, and an unused sign-in method is attack surface
  #checkov:skip=CKV_AWS_226:minor versions are applied, see auto_minor_version_upgrade
  #checkov:skip=CKV_AWS_293:prod is protected; the variable decides, and the tests check prod
  #checkov:skip=CKV_AWS_354:insights hold statements without their values; AWS's key for RDS encrypts them
  #checkov:skip=CKV2_AWS_69:require_secure_transport is in the parameter group; checkov does not unfold its dynamic block
  identifier     = var.name
  engine         = "mysql"
  engine_version = local.engine_version
  instance_class = var.instance_class
  multi_az       = var.multi_az

  # With a snapshot the schema and the administrator are the snapshot's.
  snapshot_identifier         = var.snapshot_identifier == "" ? null : var.snapshot_identifier
  db_name                     = var.snapshot_identifier == "" ? var.schema : null
  username                    = var.snapshot_identifier == "" ? "administrator" : null
  manage_master_user_password = true

  db_subnet_group_name   = aws_db_subnet_group.private.name
  vpc_security_group_ids = [var.security_group_id]
  publicly_accessible    = false
  port                   = 3306
  parameter_group_name   = aws_db_parameter_group.mysql.name

  storage_type          = "gp3"
  storage_encrypted     = true # with AWS's own key for RDS
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 5

  # UTC. Backups first, so that maintenance has a recent one to restore.
  backup_retention_period   = var.backup_days
  backup_window             = "03:00-04:00"
  maintenance_window        = "sun:04:30-sun:05:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.keep_final_snapshot
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.keep_final_snapshot
  final_snapshot_identifier = var.keep_final_snapshot ? "${var.name}-final-${terraform_data.birth.output}" : null

  auto_minor_version_upgrade = true
  apply_immediately          = var.apply_immediately
  # After its support ends, RDS upgrades the engine rather than charging for extended support.
  engine_lifecycle_support = "open-source-rds-extended-support-disabled"

  database_insights_mode                = local.insights ? "standard" : null
  performance_insights_enabled          = local.insights
  performance_insights_retention_period = local.insights ? 7 : null # days; seven are free
  enabled_cloudwatch_logs_exports       = ["error"]

  depends_on = [aws_cloudwatch_log_group.errors]

  # A restored snapshot is modified before it is available, and a standby is made; both have taken longer than the provider's
  # hour and a half. Within the four hours of a pipeline's credentials (bootstrap/github.tf).
  timeouts {
    create = "180m"
    update = "180m"
    delete = "120m"
  }

  lifecycle {
    # Read only at creation. Otherwise removing the snapshot from a tfvars file would replace the database, or send its version
    # after all. RDS applies minor versions itself; who moves to a new major version takes engine_version out of this list.
    ignore_changes       = [engine_version, snapshot_identifier, db_name, username]
    replace_triggered_by = [terraform_data.birth]
  }
}
