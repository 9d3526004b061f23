# Who may call the API, how often, from where and under which name.

variable "authorization" {
  description = "Who may call: iam (requests signed with AWS credentials), jwt (tokens of jwt_issuer), or none (everyone, with allow_public_access). GET /health is always open."
  type        = string
  default     = "iam"
  nullable    = false

  validation {
    condition     = contains(["iam", "jwt", "none"], var.authorization)
    error_message = "authorization is iam, jwt or none."
  }

  # SigV4 takes the header Authorization, too, and the gateway's authoriser cannot tell an access token of the service from one
  # that it issues for others.
  validation {
    condition     = var.authorization == "none" || var.access != "tokens"
    error_message = "access = \"tokens\" goes with authorization = \"none\": the service checks the tokens by itself."
  }

  validation {
    condition     = var.authorization != "none" || var.environment != "prod" || var.access == "tokens"
    error_message = "prod refuses authorization = \"none\" without access = \"tokens\": the API creates and deletes users."
  }

  validation {
    condition     = var.authorization != "none" || var.allow_public_access || var.access == "tokens"
    error_message = "authorization = \"none\" lets everyone on the internet create and delete users. If that is what you want, set allow_public_access = true."
  }
}

variable "allow_public_access" {
  description = "Confirms authorization = \"none\". Without effect otherwise."
  type        = bool
  default     = false
  nullable    = false
}

variable "jwt_issuer" {
  description = "OpenID Connect issuer whose tokens are accepted with authorization = \"jwt\", else empty."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^https://[^ ]+$", var.jwt_issuer))
    error_message = "jwt_issuer is an https:// address, or empty."
  }

  validation {
    condition     = (var.authorization == "jwt") == (var.jwt_issuer != "")
    error_message = "jwt_issuer is needed with authorization = \"jwt\", and has no meaning without it."
  }
}

variable "jwt_audience" {
  description = "Audiences, of which a token must carry one, with authorization = \"jwt\"; else empty."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = (var.authorization == "jwt") == (length(var.jwt_audience) > 0)
    error_message = "jwt_audience is needed with authorization = \"jwt\" (otherwise every token of the issuer would be accepted), and has no meaning without it."
  }
}

variable "throttle" {
  description = "Throttling of the API: a steady rate per second and a burst. Beyond it API Gateway answers 429."
  type        = object({ rate = number, burst = number })
  nullable    = false

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.rate <= 10000 && var.throttle.burst >= 1 && var.throttle.burst <= 5000
    error_message = "throttle.rate is 1 to 10000 a second and throttle.burst 1 to 5000, the limits of an account."
  }
}

variable "cors_origins" {
  description = "Web origins whose pages may call the API, such as https://app.example.com; empty for none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/* ]+$", origin))])
    error_message = "cors_origins are like https://app.example.com: a scheme and a host, no path, no *."
  }

  validation {
    condition     = var.environment != "prod" || alltrue([for origin in var.cors_origins : startswith(origin, "https://")])
    error_message = "prod accepts https:// origins only."
  }
}

variable "domain_name" {
  description = "Custom domain of the API, empty for AWS's own, which no longer answers once there is one. Point its DNS record at the output domain_target."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name is a host name such as users.example.com, or empty."
  }
}

variable "certificate_arn" {
  description = "ACM certificate of domain_name, in the same region; empty without a custom domain."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn is the ARN of a certificate in AWS Certificate Manager, or empty."
  }

  validation {
    condition     = (var.domain_name == "") == (var.certificate_arn == "")
    error_message = "domain_name and certificate_arn come together or not at all."
  }
}
