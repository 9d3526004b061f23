# Whether the service signs people in by itself, and how.

variable "access" {
  description = "Who may call: open (whoever the gateway lets through) or tokens (whoever has a token of the service itself, with authorization = \"none\")."
  type        = string
  default     = "open"
  nullable    = false

  validation {
    condition     = contains(["open", "tokens"], var.access)
    error_message = "access is open or tokens."
  }
}

variable "sign_up" {
  description = "Whether people may add themselves as users: closed or open. It has a meaning with access = \"tokens\" only."
  type        = string
  default     = "closed"
  nullable    = false

  validation {
    condition     = contains(["closed", "open"], var.sign_up)
    error_message = "sign_up is closed or open."
  }

  validation {
    condition     = var.sign_up == "closed" || var.access == "tokens"
    error_message = "sign_up = \"open\" has a meaning with access = \"tokens\" only."
  }
}

variable "token_issuer" {
  description = "URL that tokens name as their issuer, with https:// and without a slash at its end; empty for the API's own URL. A change ends the validity of every access token."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^https://[^ /?#]+(/[^ ?#]*[^ /?#])?$", var.token_issuer))
    error_message = "token_issuer is an https:// URL without a slash at its end, or empty."
  }
}

variable "token_audiences" {
  description = "Other services that tokens may be issued for, as TOKEN_AUDIENCES."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for audience in var.token_audiences : can(regex("^[!-+\\--~]{1,255}$", audience))])
    error_message = "token_audiences are names of 1 to 255 printable ASCII characters without blanks and commas."
  }
}

variable "signing_keys_rotation_days" {
  description = "Days between rotations of the keys that sign tokens."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.signing_keys_rotation_days >= 1 && var.signing_keys_rotation_days <= 365 && floor(var.signing_keys_rotation_days) == var.signing_keys_rotation_days
    error_message = "signing_keys_rotation_days is a whole number from 1 to 365."
  }
}
