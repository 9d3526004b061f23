variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false
}

variable "api_id" {
  description = "API to watch."
  type        = string
  nullable    = false
}

variable "function_name" {
  description = "Function that answers the requests."
  type        = string
  nullable    = false
}

variable "function_alias" {
  description = "Alias through which the function gets its traffic."
  type        = string
  nullable    = false
}

variable "function_version" {
  description = "Newest version of the function, whose errors are watched by themselves."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.function_version))
    error_message = "function_version is the number of a published version."
  }
}

variable "rotate_function_name" {
  description = "Function that rotates the database password."
  type        = string
  nullable    = false
}

variable "function_log_group" {
  description = "Log group of the function, for the dashboard's list of errors."
  type        = string
  nullable    = false
}

variable "worker" {
  description = "The function that works on a schedule, and SES's configuration set, empty without mail. Null without such a function."
  type        = object({ function_name = string, configuration_set = string })
  default     = null
}

variable "concurrency_ceiling" {
  description = "Concurrent requests that the function and its database can handle."
  type        = number
  nullable    = false
}

variable "database" {
  description = "Database to watch, and its limits."
  type        = object({ identifier = string, max_connections = number, storage_gb = number })
  nullable    = false
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = set(string)
  nullable    = false
}
