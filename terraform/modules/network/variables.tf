variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "cidr" {
  description = "Private address range, /16 to /24; each zone's subnet takes a sixteenth of it."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && can(regex("/(1[6-9]|2[0-4])$", var.cidr))
    error_message = "cidr is an IPv4 range of /16 to /24."
  }
}

variable "zone_count" {
  description = "Availability zones to spread over."
  type        = number
  nullable    = false

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count is 2 or 3."
  }
}

variable "endpoint_zone_count" {
  description = "Zones that get an interface of the Secrets Manager endpoint. One serves all zones, until that zone fails."
  type        = number
  nullable    = false

  validation {
    condition     = var.endpoint_zone_count >= 1 && var.endpoint_zone_count <= var.zone_count
    error_message = "endpoint_zone_count is between 1 and zone_count."
  }
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
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
