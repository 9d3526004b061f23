output "arn" {
  description = "ARN of the secret."
  value       = aws_secretsmanager_secret.rotated.arn
}

output "name" {
  description = "Name of the secret."
  value       = aws_secretsmanager_secret.rotated.name
}
