output "arn" {
  description = "The application's secret."
  value       = aws_secretsmanager_secret.application.arn
}

output "name" {
  description = "Name of the application's secret."
  value       = aws_secretsmanager_secret.application.name
}
