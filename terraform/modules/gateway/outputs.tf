output "api_id" {
  description = "Id of the API, as CloudWatch knows it."
  value       = aws_apigatewayv2_api.http.id
}

output "url" {
  description = "Where the API answers, without a slash at the end."
  value       = var.domain_name == "" ? aws_apigatewayv2_api.http.api_endpoint : "https://${var.domain_name}"
}

output "execution_arn" {
  description = "With /*/* behind it, what a caller's IAM policy allows execute-api:Invoke on."
  value       = aws_apigatewayv2_api.http.execution_arn
}

output "domain_target" {
  description = "Host name to point the custom domain's DNS record at; empty without one."
  value       = var.domain_name == "" ? "" : aws_apigatewayv2_domain_name.custom[0].domain_name_configuration[0].target_domain_name
}

output "log_group_name" {
  description = "Log group of the access log."
  value       = aws_cloudwatch_log_group.access.name
}
