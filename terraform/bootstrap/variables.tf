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

variable "environments" {
  description = "Environments that this account holds: both, or one where each has an account of its own."
  type        = set(string)
  default     = ["dev", "prod"]
  nullable    = false

  validation {
    condition     = length(var.environments) > 0 && length(setsubtract(var.environments, ["dev", "prod"])) == 0
    error_message = "environments are dev, prod or both."
  }
}

variable "other_account_id" {
  description = "Account of the environment that this one does not hold: prod's reads from dev's what dev has verified. Empty if this account holds both."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9]{12})?$", var.other_account_id)) && var.other_account_id != var.account_id
    error_message = "other_account_id is the 12 digits of another AWS account, or empty."
  }

  validation {
    condition     = var.other_account_id == "" || length(var.environments) == 1
    error_message = "other_account_id has no meaning in an account that holds both environments."
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

variable "github_owner_id" {
  description = "GitHub's number of the repository's owner: gh api repos/OWNER/NAME --jq .owner.id. Empty without github_repository."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]*$", var.github_owner_id)) && (var.github_owner_id == "") == (var.github_repository == "")
    error_message = "github_owner_id is a number, needed with github_repository and without meaning otherwise."
  }
}

variable "github_repository_id" {
  description = "GitHub's number of the repository: gh api repos/OWNER/NAME --jq .id. Empty without github_repository."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]*$", var.github_repository_id)) && (var.github_repository_id == "") == (var.github_repository == "")
    error_message = "github_repository_id is a number, needed with github_repository and without meaning otherwise."
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
