# What people and scripts need to know about a deployment.

output "api_url" {
  description = "URL of the API, without a trailing slash."
  value       = module.gateway.url
}

output "authorization" {
  description = "How calls are authorised: iam, jwt or none."
  value       = var.authorization
}

output "access" {
  description = "Whether calls need a token of the service: tokens or open."
  value       = var.access
}

output "api_execution_arn" {
  description = "With /*/* appended, the resource on which a caller's IAM policy allows execute-api:Invoke."
  value       = module.gateway.execution_arn
}

output "domain_target" {
  description = "Host name to point the custom domain's DNS record at; empty without one."
  value       = module.gateway.domain_target
}

output "function_name" {
  description = "Name of the API's function."
  value       = module.function.function_name
}

output "function_alias" {
  description = "Alias of that function, which gets the traffic."
  value       = module.function.live.alias
}

output "function_version" {
  description = "Version that this configuration published last: the one to test and then to shift traffic to."
  value       = module.function.function_version
}

output "migrate_function_name" {
  description = "Name of the function that migrates the database."
  value       = module.function.migrate_function_name
}

output "rotate_function_name" {
  description = "Name of the function that rotates the application's database password."
  value       = module.function.rotate_function_name
}

output "codedeploy_application" {
  description = "CodeDeploy application that shifts the traffic."
  value       = module.function.codedeploy_application
}

output "codedeploy_deployment_group" {
  description = "CodeDeploy deployment group of the alias."
  value       = module.function.codedeploy_deployment_group
}

output "image_digest_parameter" {
  description = "SSM parameter with the digest of the image that gets the traffic, or none."
  value       = module.function.image_digest_parameter
}

output "previous_version_parameter" {
  description = "SSM parameter with the previous version, or none."
  value       = module.function.previous_version_parameter
}

output "database_endpoint" {
  description = "Host and port of the database, reachable inside the network only."
  value       = "${module.database.host}:${module.database.port}"
}

output "secret_name" {
  description = "Name of the secret with the application's database credentials."
  value       = module.secret.name
}

output "dashboard_url" {
  description = "The dashboard, in the console."
  value       = module.monitoring.dashboard_url
}

output "log_group_names" {
  description = "Log groups by what writes them."
  value = merge(module.function.log_group_names, {
    access   = module.gateway.log_group_name
    database = module.database.log_group_name
    network  = module.network.log_group_name
  })
}

output "rotate_keys_function_name" {
  description = "Name of the function that makes and rotates the signing keys; empty with access = \"open\"."
  value       = module.function.rotate_keys_function_name
}

output "worker_function_name" {
  description = "Name of the function that sends mails and deletes what has expired; empty with access = \"open\"."
  value       = module.function.worker_function_name
}

output "worker_version" {
  description = "Version of it that this configuration published last: the one to run once the database is migrated; empty with access = \"open\"."
  value       = module.function.worker_version
}

output "mail_dns_records" {
  description = "DNS records to make for mail_domain; none with mail = \"off\"."
  value       = local.sends_mail ? module.mail[0].dns_records : []
}
