variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "The value of the executable's ENVIRONMENT."
  type        = string
  nullable    = false
}

variable "image" {
  description = "Image that all functions run, by digest, and the processor it was built for."
  type        = object({ uri = string, architecture = string })
  nullable    = false
}

variable "network" {
  description = "Where the functions run: private subnets, and the security group that may reach database and Secrets Manager."
  type        = object({ subnet_ids = list(string), security_group_id = string })
  nullable    = false
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
}

# Not a part of `database`, so that it is known before there is a database.
variable "max_connections" {
  description = "Connections that the database accepts."
  type        = number
  nullable    = false
}

variable "secret_arn" {
  description = "The application's secret."
  type        = string
  nullable    = false
}

variable "tokens" {
  description = "With access = \"tokens\": the secret of the signing keys, the issuer, other audiences, and whether sign-up is open or closed. Null otherwise."
  type = object({
    keys_secret_arn = string
    issuer          = string
    audiences       = list(string)
    sign_up         = string
  })
  default = null
}

variable "mail" {
  description = "With mail: its sender, the URL in links, the identity and configuration set in SES, and the security group that may reach SES. Null otherwise."
  type = object({
    from              = string
    public_url        = string
    identity_arn      = string
    configuration_set = object({ name = string, arn = string })
    security_group_id = string
  })
  default = null
}

variable "settings" {
  description = "Further environment variables of the API and the worker."
  type        = map(string)
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Most requests handled at once, reserved for the API's function; -1 for none reserved."
  type        = number
  nullable    = false
}

variable "provisioned_concurrency" {
  description = "Execution environments kept warm; 0 for none."
  type        = number
  nullable    = false
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
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles created here."
  type        = string
  nullable    = false
}
