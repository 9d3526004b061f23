variable "name" {
  description = "Name of the API, such as users-service-dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "function" {
  description = "The alias that answers the requests."
  type        = object({ function_name = string, alias = string, invoke_arn = string })
  nullable    = false

  validation {
    condition     = strcontains(var.function.invoke_arn, ":${var.function.function_name}:${var.function.alias}/")
    error_message = "function.invoke_arn is that of the alias, not of the function: traffic is shifted between the alias's versions."
  }
}

variable "authorization" {
  description = "Who may call: iam, jwt or none."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["iam", "jwt", "none"], var.authorization)
    error_message = "authorization is iam, jwt or none."
  }
}

variable "jwt" {
  description = "Issuer and audiences of the tokens that are accepted with authorization = \"jwt\"."
  type        = object({ issuer = string, audience = list(string) })
  nullable    = false

  validation {
    condition     = var.authorization != "jwt" || (startswith(var.jwt.issuer, "https://") && length(var.jwt.audience) > 0)
    error_message = "authorization = \"jwt\" needs an https:// issuer and at least one audience."
  }
}

variable "throttle" {
  description = "Requests the API takes: a steady rate per second and a burst."
  type        = object({ rate = number, burst = number })
  nullable    = false

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.burst >= 1
    error_message = "throttle.rate and throttle.burst are at least 1; 0 would refuse every request."
  }
}

variable "cors_origins" {
  description = "Web origins whose pages may call the API; empty for none."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/* ]+$", origin))])
    error_message = "cors_origins are a scheme and a host, no path, no *."
  }
}

variable "domain_name" {
  description = "Custom domain, empty for none."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name is a host name, or empty."
  }
}

variable "certificate_arn" {
  description = "Certificate of the custom domain, empty for none."
  type        = string
  nullable    = false

  validation {
    condition     = (var.certificate_arn == "") == (var.domain_name == "")
    error_message = "domain_name and certificate_arn come together or not at all."
  }
}

variable "log_retention_days" {
  description = "Days that access logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 180, 365."
  }
}
