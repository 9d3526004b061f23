# Whether mails are sent, and in whose name.

variable "mail" {
  description = "Whether links and notices are mailed: off or ses (Amazon SES), with access = \"tokens\"."
  type        = string
  default     = "off"
  nullable    = false

  validation {
    condition     = contains(["off", "ses"], var.mail)
    error_message = "mail is off or ses."
  }

  validation {
    condition     = var.mail == "off" || var.access == "tokens"
    error_message = "mail = \"ses\" needs access = \"tokens\": mails are about accounts."
  }
}

variable "mail_domain" {
  description = "Domain that mails come from, with mail = \"ses\"; else empty. SES must not know it yet in this account and region, so dev and prod have one each, such as dev.example.com."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.mail_domain))
    error_message = "mail_domain is a domain in lower case such as users.example.com, or empty."
  }

  validation {
    condition     = (var.mail == "ses") == (var.mail_domain != "")
    error_message = "mail_domain is needed with mail = \"ses\", and has no meaning without it."
  }
}

variable "mail_from" {
  description = "Sender of the mails, such as Example <no-reply@users.example.com>, with mail = \"ses\"; else empty."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[^<>@, ]+@[^<>@, ]+$|^[^<>@,]*[^<>@, ] <[^<>@, ]+@[^<>@, ]+>$", var.mail_from))
    error_message = "mail_from is an address, alone or as in Example <no-reply@users.example.com>, or empty."
  }

  validation {
    condition     = (var.mail == "ses") == (var.mail_from != "")
    error_message = "mail_from is needed with mail = \"ses\", and has no meaning without it."
  }

  validation {
    condition     = var.mail_from == "" || can(regex("[@.]${replace(var.mail_domain, ".", "\\.")}>?$", var.mail_from))
    error_message = "mail_from is an address of mail_domain: SES sends for no other."
  }
}

variable "public_url" {
  description = "URL under which people reach the service, which links in mails begin with, without a slash at its end; empty for the API's own URL."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^https://[^ /?#]+(/[^ ?#]*[^ /?#])?$", var.public_url))
    error_message = "public_url is an https:// URL without a slash at its end, or empty."
  }

  validation {
    condition     = var.public_url == "" || var.mail == "ses"
    error_message = "public_url has a meaning with mail = \"ses\" only."
  }
}
