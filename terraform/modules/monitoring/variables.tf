variable "name" {
  description = "Prefix of every name, such as users-service-dev."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "api_id" {
  description = "API to watch."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.api_id) > 0
    error_message = "api_id must not be empty."
  }
}

variable "function_name" {
  description = "Function that answers the requests."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.function_name) > 0
    error_message = "function_name must not be empty."
  }
}

variable "function_alias" {
  description = "Alias through which the function gets its traffic."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.function_alias) > 0
    error_message = "function_alias must not be empty."
  }
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

  validation {
    condition     = length(var.rotate_function_name) > 0
    error_message = "rotate_function_name must not be empty."
  }
}

variable "function_log_group" {
  description = "Log group of the function, for the dashboard's list of errors."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.function_log_group) > 0
    error_message = "function_log_group must not be empty."
  }
}

variable "concurrency_ceiling" {
  description = "Concurrent requests that the function and its database can handle."
  type        = number
  nullable    = false

  validation {
    condition     = var.concurrency_ceiling >= 1
    error_message = "concurrency_ceiling is at least 1."
  }
}

variable "database" {
  description = "Database to watch, and its limits."
  type        = object({ identifier = string, max_connections = number, storage_gb = number })
  nullable    = false

  validation {
    condition     = var.database.max_connections > 0 && var.database.storage_gb > 0
    error_message = "database.max_connections and database.storage_gb are more than 0."
  }
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alarm_emails are e-mail addresses."
  }
}
