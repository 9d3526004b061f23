variable "name" {
  description = "Name of the API, such as users-service-dev."
  type        = string
  nullable    = false
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
}

variable "jwt" {
  description = "Issuer and audiences of the tokens that are accepted with authorization = \"jwt\"."
  type        = object({ issuer = string, audience = list(string) })
  nullable    = false
}

variable "throttle" {
  description = "Requests the API takes: a steady rate per second and a burst."
  type        = object({ rate = number, burst = number })
  nullable    = false
}

variable "cors_origins" {
  description = "Web origins whose pages may call the API; empty for none."
  type        = list(string)
  nullable    = false
}

variable "domain_name" {
  description = "Custom domain, empty for none."
  type        = string
  nullable    = false
}

variable "certificate_arn" {
  description = "Certificate of the custom domain, empty for none."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that access logs are kept."
  type        = number
  nullable    = false
}
