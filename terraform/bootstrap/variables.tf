variable "account_id" {
  description = "The AWS account to prepare, 12 digits. Credentials of any other account are refused."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is the 12 digits of an AWS account, without dashes."
  }
}

variable "region" {
  description = "Region of the state and the images; the service is deployed to the same."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is a commercial AWS region such as us-east-1; GovCloud and China are other partitions."
  }
}

variable "github_repository" {
  description = "GitHub repository whose workflows plan and deploy, as owner/name; empty creates no pipeline roles."
  type        = string
  default     = ""
  nullable    = false

  validation {
    # A wildcard here would let other repositories deploy.
    condition     = can(regex("^$|^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository is owner/name, without wildcards, or empty."
  }
}

variable "reuse_github_provider" {
  description = "Whether the account already has GitHub's OIDC provider from elsewhere (there can be only one). It is then used and not managed here."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.reuse_github_provider || var.github_repository != ""
    error_message = "reuse_github_provider has no meaning without github_repository."
  }
}
