variable "name" {
  description = "Name of the configuration set, such as users-service-dev."
  type        = string
  nullable    = false
}

variable "domain" {
  description = "Domain that mails come from, with everything below it."
  type        = string
  nullable    = false
}
