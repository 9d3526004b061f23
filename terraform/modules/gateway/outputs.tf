output "api_id" {
  description = "Id of the API, as in CloudWatch."
  value       = aws_apigatewayv2_api.http.id
}

output "url" {
  description = "URL of the API, without a trailing slash."
  value       = var.domain_name == "" ? aws_apigatewayv2_api.http.api_endpoint : "https://${var.domain_name}"
}

output "execution_arn" {
  description = "With /*/* appended, the resource on which a caller's IAM policy allows execute-api:Invoke."
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
