# Reads a tfvars file for a test, so that what is tested is what is deployed.

terraform {
  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}

variable "file" {
  description = "Name of the tfvars file."
  type        = string
}

output "values" {
  description = "What the file sets."
  value       = provider::terraform::decode_tfvars(file(var.file))
}
