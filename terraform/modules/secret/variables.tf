variable "environment" {
  description = "Environment, the first part of the secret's name."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment is dev or prod."
  }
}

variable "recovery_days" {
  description = "Recovery window in days: how long a deleted secret can be restored and its name not be reused; 0 deletes at once."
  type        = number
  nullable    = false

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "recovery_days is 0, or 7 to 30."
  }
}

variable "rotation_days" {
  description = "Days between rotations."
  type        = number
  nullable    = false

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "rotation_days is from 1 to 365."
  }
}

variable "rotate_function_arn" {
  description = "Function that carries out the four steps of a rotation."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:.+$", var.rotate_function_arn))
    error_message = "rotate_function_arn is the ARN of a Lambda function."
  }
}
