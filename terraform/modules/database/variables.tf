variable "name" {
  description = "Name of the instance and prefix of what belongs to it, such as users-service-dev."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones, which RDS requires even without a standby."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group that decides who may connect."
  type        = string
  nullable    = false
}

variable "instance_class" {
  description = "RDS instance class, such as db.t4g.micro."
  type        = string
  nullable    = false
}

variable "schema" {
  description = "Schema to create in a new database; one restored from a snapshot has the snapshot's."
  type        = string
  nullable    = false
}

variable "max_connections" {
  description = "Connections that MySQL accepts."
  type        = number
  nullable    = false
}

variable "storage_gb" {
  description = "Initial disk in GB; it grows automatically up to five times this."
  type        = number
  nullable    = false
}

variable "snapshot_identifier" {
  description = "Snapshot to start from, empty for a new database. Read only when the instance is created."
  type        = string
  default     = ""
  nullable    = false
}

variable "multi_az" {
  description = "Whether a standby in another zone takes over when the first fails."
  type        = bool
  nullable    = false
}

variable "backup_days" {
  description = "Days of backups, for point-in-time recovery."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days is from 1 to 35; a database without backups is refused."
  }
}

variable "deletion_protection" {
  description = "Whether RDS refuses to delete the instance."
  type        = bool
  nullable    = false
}

variable "keep_final_snapshot" {
  description = "Whether a final snapshot and the backups are kept when the instance is deleted."
  type        = bool
  nullable    = false

  validation {
    condition     = var.keep_final_snapshot || !var.deletion_protection
    error_message = "A database worth protecting from deletion is worth a final snapshot: keep_final_snapshot must be true with deletion_protection."
  }
}

variable "apply_immediately" {
  description = "Whether changes that restart the instance are applied at once rather than in the maintenance window."
  type        = bool
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the error log is kept."
  type        = number
  nullable    = false
}
