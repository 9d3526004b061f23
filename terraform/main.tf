# The users service on AWS:
#
#   client ──> gateway ──> function ──> database      inside the network, which has no route to the internet
#                             └──────> secret         its credentials, and the keys that sign tokens, both rotated
#     schedule ──> worker ──> database, secret, mail     with access = "tokens"; mail if it is on
#              monitoring covers all of them
#
# What must exist before (state bucket, image registry, pipeline roles) is in bootstrap/.

locals {
  service = "users-service"
  name    = "${local.service}-${var.environment}"

  # Every difference between dev and prod, besides the sizes in dev.tfvars and prod.tfvars.
  profile = {
    dev = {
      multi_az             = false
      backup_days          = 1
      deletion_protection  = false
      apply_immediately    = true
      endpoint_zone_count  = 1 # 7 $ a month for each further zone
      secret_recovery_days = 0 # so that dev can be destroyed and created again the same day
      traffic_shift        = "CodeDeployDefault.LambdaAllAtOnce"
      roll_back_on_alarm   = false
      log_retention_days   = 14
    }
    prod = {
      multi_az             = true
      backup_days          = 14
      deletion_protection  = !var.allow_destroy
      apply_immediately    = false # waits for the maintenance window instead of restarting at once
      endpoint_zone_count  = var.zone_count
      secret_recovery_days = 7
      traffic_shift        = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
      roll_back_on_alarm   = true
      log_retention_days   = 365
    }
  }[var.environment]

  # Names that bootstrap/ assigns; change them in both places.
  image_repository_url     = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com/${local.service}/${var.environment}"
  permissions_boundary_arn = "arn:aws:iam::${var.account_id}:policy/${local.name}-runtime-boundary"

  sends_mail = var.mail == "ses"
}

module "network" {
  source = "./modules/network"

  name                     = local.name
  cidr                     = var.network_cidr
  zone_count               = var.zone_count
  endpoint_zone_count      = local.profile.endpoint_zone_count
  mail                     = local.sends_mail
  permissions_boundary_arn = local.permissions_boundary_arn
}

module "database" {
  source = "./modules/database"

  name                = local.name
  subnet_ids          = module.network.subnet_ids
  security_group_id   = module.network.database_security_group_id
  instance_class      = var.database_instance_class
  schema              = var.database_name
  max_connections     = var.database_max_connections
  storage_gb          = var.database_storage_gb
  snapshot_identifier = var.database_snapshot_identifier
  multi_az            = local.profile.multi_az
  backup_days         = local.profile.backup_days
  deletion_protection = local.profile.deletion_protection
  keep_final_snapshot = var.environment == "prod" # also when allow_destroy is set
  apply_immediately   = local.profile.apply_immediately
  log_retention_days  = local.profile.log_retention_days
}

# Function and secret depend on each other: the function reads the secret, and the secret is rotated by the function.
module "secret" {
  source = "./modules/secret"

  name                = "${var.environment}/rds/credentials"
  description         = "Database credentials of the users service, in the form that RDS writes"
  recovery_days       = local.profile.secret_recovery_days
  rotation_days       = var.secret_rotation_days
  rotate_function_arn = module.function.rotate_function_arn
}

# The keys that sign tokens. A function of its own makes and rotates them, and has no access to the database.
module "signing_keys" {
  source = "./modules/secret"
  count  = var.access == "tokens" ? 1 : 0

  name                = "${var.environment}/signing-keys"
  description         = "Keys that sign the tokens of the users service"
  recovery_days       = local.profile.secret_recovery_days
  rotation_days       = var.signing_keys_rotation_days
  rotate_function_arn = module.function.rotate_keys_function_arn
}

module "mail" {
  source = "./modules/mail"
  count  = local.sends_mail ? 1 : 0

  name   = local.name
  domain = var.mail_domain
}

module "function" {
  source = "./modules/function"

  name        = local.name
  environment = var.environment
  image       = { uri = "${local.image_repository_url}@${var.image_digest}", architecture = var.architecture }
  network = {
    subnet_ids        = module.network.subnet_ids
    security_group_id = module.network.function_security_group_id
  }
  database = {
    schema           = var.database_name
    host             = module.database.host
    port             = module.database.port
    admin_secret_arn = module.database.admin_secret_arn
  }
  secret_arn = module.secret.arn
  tokens = var.access != "tokens" ? null : {
    keys_secret_arn = module.signing_keys[0].arn
    issuer          = var.token_issuer == "" ? module.gateway.url : var.token_issuer
    audiences       = var.token_audiences
    sign_up         = var.sign_up
  }
  mail = !local.sends_mail ? null : {
    from              = var.mail_from
    public_url        = var.public_url == "" ? module.gateway.url : var.public_url
    identity_arn      = module.mail[0].identity_arn
    configuration_set = module.mail[0].configuration_set
    security_group_id = module.network.mail_security_group_id
  }
  settings                 = var.settings
  max_connections          = var.database_max_connections
  reserved_concurrency     = var.reserved_concurrency
  provisioned_concurrency  = var.provisioned_concurrency
  traffic_shift            = local.profile.traffic_shift
  rollback_alarm_names     = local.profile.roll_back_on_alarm ? module.monitoring.rollback_alarm_names : []
  log_level                = var.log_level
  log_retention_days       = local.profile.log_retention_days
  permissions_boundary_arn = local.permissions_boundary_arn
}

module "gateway" {
  source = "./modules/gateway"

  name               = local.name
  function           = module.function.live
  authorization      = var.authorization
  jwt                = { issuer = var.jwt_issuer, audience = var.jwt_audience }
  throttle           = var.throttle
  cors_origins       = var.cors_origins
  domain_name        = var.domain_name
  certificate_arn    = var.certificate_arn
  log_retention_days = local.profile.log_retention_days
}

module "monitoring" {
  source = "./modules/monitoring"

  name                 = local.name
  api_id               = module.gateway.api_id
  function_name        = module.function.function_name
  function_alias       = module.function.live.alias
  function_version     = module.function.function_version
  rotate_function_name = module.function.rotate_function_name
  function_log_group   = module.function.log_group_names["api"]
  concurrency_ceiling  = module.function.concurrency_ceiling
  worker = var.access != "tokens" ? null : {
    function_name     = module.function.worker_function_name
    configuration_set = local.sends_mail ? module.mail[0].configuration_set.name : ""
  }
  database = {
    identifier      = module.database.identifier
    max_connections = var.database_max_connections
    storage_gb      = var.database_storage_gb
  }
  alarm_emails = var.alarm_emails
}
