output "live" {
  description = "The alias that gets the traffic, for the gateway."
  value = {
    function_name = aws_lambda_alias.live.function_name
    alias         = aws_lambda_alias.live.name
    invoke_arn    = aws_lambda_alias.live.invoke_arn
  }
}

output "function_name" {
  description = "Name of the API's function."
  value       = aws_lambda_function.from_image["api"].function_name
}

output "function_version" {
  description = "Newest version of the API's function, which need not be the one that gets the traffic."
  value       = aws_lambda_function.from_image["api"].version
}

output "migrate_function_name" {
  description = "Name of the function that migrates the database."
  value       = aws_lambda_function.from_image["migrate"].function_name
}

output "rotate_function_name" {
  description = "Name of the function that rotates the application's password."
  value       = aws_lambda_function.from_image["rotate-secret"].function_name
}

output "rotate_function_arn" {
  description = "ARN of the function that rotates the application's password."
  value       = aws_lambda_function.from_image["rotate-secret"].arn
}

output "rotate_keys_function_name" {
  description = "Name of the function that rotates the signing keys; empty without tokens."
  value       = local.issues_tokens ? aws_lambda_function.from_image["rotate-keys"].function_name : ""
}

output "rotate_keys_function_arn" {
  description = "ARN of the function that rotates the signing keys; empty without tokens."
  value       = local.issues_tokens ? aws_lambda_function.from_image["rotate-keys"].arn : ""
}

output "worker_function_name" {
  description = "Name of the function that works on a schedule; empty without tokens."
  value       = local.issues_tokens ? aws_lambda_function.from_image["worker"].function_name : ""
}

output "worker_version" {
  description = "Newest version of the worker's function, which need not be the one that runs; empty without tokens."
  value       = local.issues_tokens ? aws_lambda_function.from_image["worker"].version : ""
}

output "concurrency_ceiling" {
  description = "Concurrent requests that are reserved, or that the database's connections suffice for."
  value       = local.concurrency_ceiling
}

output "codedeploy_application" {
  description = "CodeDeploy application that shifts the traffic."
  value       = aws_codedeploy_app.api.name
}

output "codedeploy_deployment_group" {
  description = "CodeDeploy deployment group of the alias."
  value       = aws_codedeploy_deployment_group.live.deployment_group_name
}

output "image_digest_parameter" {
  description = "SSM parameter with the digest of the image that gets the traffic."
  value       = aws_ssm_parameter.record["image_digest"].name
}

output "previous_version_parameter" {
  description = "SSM parameter with the previous version."
  value       = aws_ssm_parameter.record["previous_version"].name
}

output "log_group_names" {
  description = "Log groups by function: api, migrate, rotate-secret, rotate-keys, worker."
  value       = { for function, group in aws_cloudwatch_log_group.function : function => group.name }
}
