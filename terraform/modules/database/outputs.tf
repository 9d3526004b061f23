output "identifier" {
  description = "Name of the instance, as in CloudWatch."
  value       = aws_db_instance.mysql.identifier
}

output "host" {
  description = "Host name of the database, reachable inside the network only."
  value       = aws_db_instance.mysql.address
}

output "port" {
  description = "Port of the database."
  value       = aws_db_instance.mysql.port
}

output "admin_secret_arn" {
  description = "Secret in which RDS stores the administrator's password."
  value       = one(aws_db_instance.mysql.master_user_secret[*].secret_arn)
}

output "log_group_name" {
  description = "Log group of MySQL's error log."
  value       = aws_cloudwatch_log_group.errors.name
}
