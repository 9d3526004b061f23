variable "name" {
  description = "Name of the secret, such as dev/rds/credentials."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the secret is for."
  type        = string
  nullable    = false
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
}

variable "rotate_function_arn" {
  description = "Function that carries out the four steps of a rotation."
  type        = string
  nullable    = false
}
