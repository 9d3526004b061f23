# ---- Which service, where ----------------------------------------------------------------------------------------

variable "account_id" {
  description = "The AWS account to deploy to, 12 digits. Credentials of any other account are refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is the 12 digits of an AWS account, without dashes."
  }
}

variable "environment" {
  description = "dev (cheap, disposable) or prod (safe). What that means is one table in main.tf."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment is dev or prod."
  }
}

variable "region" {
  description = "The AWS region to deploy to."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    # The ARNs in this configuration are those of the commercial partition.
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is a commercial AWS region such as us-east-1; GovCloud and China are other partitions."
  }
}

variable "image_digest" {
  description = "Digest of the image to run, from the environment's repository that bootstrap/ creates. A tag can be moved; a digest cannot."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "image_digest is sha256: and 64 lower-case hexadecimal digits, not a tag."
  }
}

variable "architecture" {
  description = "Processor the image was built for: arm64 (about 20 % cheaper) or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "log_level" {
  description = "Least severe message that the service logs: DEBUG, INFO, WARN or ERROR."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARN or ERROR."
  }
}

variable "settings" {
  description = "Further settings of the service by their names in docs/configuration.md, such as { REQUIRE_IF_MATCH = \"true\" }. What other variables decide, or has no meaning on AWS, is refused."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.settings), [
      "METRICS_EMF",
      "SIGN_IN_UNVERIFIED",
      "REQUIRE_IF_MATCH",
      "STRICT_QUERY",
      "CACHE_TTL",
      "CACHE_SIZE",
      "SESSION_IDLE_DAYS",
      "SESSION_MAX_DAYS",
      "SIGN_IN_LIMIT",
      "SIGN_IN_IP_LIMIT",
      "SIGN_IN_LOGIN_LIMIT",
      "SIGN_UP_LIMIT",
      "CONFIRM_LIMIT",
      "MAIL_IP_LIMIT",
      "MAIL_HOURLY_LIMIT",
      "MAIL_DAILY_LIMIT",
      "LINK_VERIFY",
      "LINK_RESET",
      "LINK_INVITE",
      "VERIFICATION_LIFETIME",
      "RESET_LIFETIME",
      "INVITATION_LIFETIME",
      "PASSWORD_MIN_LENGTH",
      "PASSWORD_HASH",
    ])) == 0
    error_message = "settings may have the names of docs/configuration.md that no other variable decides and that have a meaning on AWS; the list is in terraform/variables.tf."
  }

  validation {
    condition     = lower(lookup(var.settings, "METRICS_EMF", "sparse")) != "off"
    error_message = "METRICS_EMF is sparse or all: alarms watch the metrics."
  }
}

variable "allow_destroy" {
  description = "Turns off prod's deletion protection, as the first of two steps to destroy it. Without effect in dev, which is never protected."
  type        = bool
  default     = false
  nullable    = false
}

# ---- Network -----------------------------------------------------------------------------------------------------

variable "network_cidr" {
  description = "Private address range of the network, /16 to /24. It matters only if the network is ever peered with another."
  type        = string
  default     = "10.20.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.network_cidr, 0)) && can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\..*/(1[6-9]|2[0-4])$", var.network_cidr))
    error_message = "network_cidr is a private IPv4 range of /16 to /24, such as 10.20.0.0/20."
  }
}

variable "zone_count" {
  description = "Availability zones to spread over, 2 or 3. The database needs two even when it runs in one."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count is 2 or 3."
  }
}

# ---- Database ----------------------------------------------------------------------------------------------------

variable "database_instance_class" {
  description = "RDS instance class, such as db.t4g.micro."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database_instance_class))
    error_message = "database_instance_class looks like db.t4g.micro."
  }

  validation {
    condition     = var.environment != "prod" || !can(regex("\\.micro$", var.database_instance_class))
    error_message = "prod needs more than a micro instance: its 1 GiB of memory is too little for MySQL under load."
  }
}

variable "database_max_connections" {
  description = "Connections the database accepts. About 60 for each GiB of the instance's memory is safe."
  type        = number
  nullable    = false

  validation {
    condition     = var.database_max_connections >= 20 && var.database_max_connections <= 5000 && floor(var.database_max_connections) == var.database_max_connections
    error_message = "database_max_connections is a whole number from 20 to 5000."
  }
}

variable "database_storage_gb" {
  description = "Disk of the database in GB. It grows automatically, up to five times this."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.database_storage_gb >= 20 && var.database_storage_gb <= 10000 && floor(var.database_storage_gb) == var.database_storage_gb
    error_message = "database_storage_gb is a whole number from 20 (the least that gp3 offers) to 10000."
  }
}

variable "database_name" {
  description = "Schema that the service uses (DB_NAME). It is created in a new database, and expected in one that is restored from a snapshot."
  type        = string
  default     = "ecommerce"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,63}$", var.database_name))
    error_message = "database_name is up to 64 letters, digits and underscores, beginning with a letter."
  }
}

variable "database_snapshot_identifier" {
  description = "Snapshot to start the database from, no larger than database_storage_gb; empty for a new one. Read only when the database is created, so it may stay or go afterwards."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^(arn:aws:rds:.+:snapshot:)?(rds:)?[A-Za-z][A-Za-z0-9-]*$", var.database_snapshot_identifier))
    error_message = "database_snapshot_identifier is the name or ARN of an RDS snapshot, or empty."
  }
}

variable "secret_rotation_days" {
  description = "Days between rotations of the application's database password."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secret_rotation_days >= 1 && var.secret_rotation_days <= 365 && floor(var.secret_rotation_days) == var.secret_rotation_days
    error_message = "secret_rotation_days is a whole number from 1 to 365."
  }
}

# ---- Function ----------------------------------------------------------------------------------------------------

variable "reserved_concurrency" {
  description = "Most requests handled at once, reserved for this function; -1 shares the account's pool, which a new account (quota of 10) needs."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == -1 || (var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency)
    error_message = "reserved_concurrency is -1 (none) or a whole number from 1; 0 would stop the service."
  }

  validation {
    # Each environment of the function holds one connection, and while traffic shifts those of both versions exist.
    # The remaining 30 % are for migrations, rotation and operators.
    condition     = var.reserved_concurrency * 2 <= var.database_max_connections * 0.7
    error_message = "reserved_concurrency is too high for the database: twice its value (both versions during a deployment) may be at most 70 % of database_max_connections."
  }
}

variable "provisioned_concurrency" {
  description = "Provisioned concurrency: execution environments kept warm, at a price; 0 for none. Cold starts of this service are short, so measure first."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "provisioned_concurrency is a whole number from 0."
  }

  validation {
    condition     = var.reserved_concurrency == -1 || var.provisioned_concurrency <= var.reserved_concurrency
    error_message = "provisioned_concurrency is taken out of reserved_concurrency, so it cannot exceed it."
  }
}

# ---- Monitoring --------------------------------------------------------------------------------------------------

variable "alarm_emails" {
  description = "Addresses that alarms are sent to. Each receives a message to confirm first."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alarm_emails are e-mail addresses."
  }

  validation {
    condition     = var.environment != "prod" || length(var.alarm_emails) > 0
    error_message = "prod needs a subscriber: without one in alarm_emails nobody receives the alarms."
  }
}
