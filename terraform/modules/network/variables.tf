variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "Private address range, /16 to /24; each zone's subnet takes a sixteenth of it."
  type        = string
  nullable    = false
}

variable "zone_count" {
  description = "Availability zones to spread over."
  type        = number
  nullable    = false
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

variable "mail" {
  description = "Whether the network has an endpoint for Amazon SES, in as many zones."
  type        = bool
  default     = false
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles created here."
  type        = string
  nullable    = false
}
