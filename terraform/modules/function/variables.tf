variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "environment" {
  description = "The value of the executable's ENVIRONMENT."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment is dev or prod."
  }
}

variable "image" {
  description = "Image that all functions run, by digest, and the processor it was built for."
  type        = object({ uri = string, architecture = string })
  nullable    = false

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image.uri))
    error_message = "image.uri ends in @sha256: and 64 hexadecimal digits: a tag could change under a running function."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.image.architecture)
    error_message = "image.architecture is arm64 or x86_64."
  }
}

variable "network" {
  description = "Where the functions run: private subnets, and the security group that may reach database and Secrets Manager."
  type        = object({ subnet_ids = list(string), security_group_id = string })
  nullable    = false

  validation {
    condition     = length(var.network.subnet_ids) >= 2
    error_message = "network.subnet_ids are at least two, so that the service survives the loss of a zone."
  }
}

variable "database" {
  description = "The database: schema, address and the secret of its administrator."
  type = object({
    schema           = string
    host             = string
    port             = number
    admin_secret_arn = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:aws:secretsmanager:", var.database.admin_secret_arn))
    error_message = "database.admin_secret_arn is the ARN of a secret."
  }
}

# Not a part of `database`: the checks against it then work before there is a database.
variable "max_connections" {
  description = "Connections that the database accepts."
  type        = number
  nullable    = false

  validation {
    condition     = var.max_connections > 0
    error_message = "max_connections is more than 0."
  }
}

variable "secret_arn" {
  description = "The application's secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.secret_arn))
    error_message = "secret_arn is the ARN of a secret."
  }
}

variable "reserved_concurrency" {
  description = "Most requests handled at once, reserved for the API's function; -1 for none reserved."
  type        = number
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency >= 1
    error_message = "reserved_concurrency is -1 (none) or at least 1; 0 would stop the service."
  }

  validation {
    condition     = var.reserved_concurrency * 2 * local.pool_size <= var.max_connections * local.share_of_connections
    error_message = "Twice reserved_concurrency (both versions during a deployment) may be at most 70 % of max_connections."
  }
}

variable "provisioned_concurrency" {
  description = "Execution environments kept warm; 0 for none."
  type        = number
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && (var.reserved_concurrency == -1 || var.provisioned_concurrency <= var.reserved_concurrency)
    error_message = "provisioned_concurrency is from 0 to reserved_concurrency."
  }
}

variable "traffic_shift" {
  description = "CodeDeploy's deployment configuration: how traffic shifts from one version to the next."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.traffic_shift, "CodeDeployDefault.Lambda")
    error_message = "traffic_shift is one of CodeDeploy's configurations for Lambda, such as CodeDeployDefault.LambdaCanary10Percent5Minutes."
  }
}

variable "rollback_alarm_names" {
  description = "Alarms that stop a deployment and roll it back; empty for none."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.rollback_alarm_names) <= 10
    error_message = "rollback_alarm_names are at most 10, CodeDeploy's limit."
  }
}

variable "log_level" {
  description = "Least severe message that is logged."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARN or ERROR."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles created here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws:iam::[0-9]{12}:policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn is the ARN of an IAM policy."
  }
}
