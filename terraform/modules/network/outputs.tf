output "vpc_id" {
  description = "The network."
  value       = aws_vpc.private.id
}

output "subnet_ids" {
  description = "One private subnet for each zone."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "function_security_group_id" {
  description = "Security group of the functions, which may reach the database and Secrets Manager."
  value       = aws_security_group.function.id
}

output "mail_security_group_id" {
  description = "Security group of whoever may reach Amazon SES; empty without mail."
  value       = var.mail ? aws_security_group.mail[0].id : ""
}

output "database_security_group_id" {
  description = "Security group of the database."
  value       = aws_security_group.database.id
}

output "log_group_name" {
  description = "Log group of the flow logs."
  value       = aws_cloudwatch_log_group.flow.name
}
