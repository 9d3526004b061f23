output "rollback_alarm_names" {
  description = "Alarms that indicate a bad version: those that should stop a deployment."
  value       = concat([for alarm in aws_cloudwatch_metric_alarm.rate : alarm.alarm_name], [aws_cloudwatch_metric_alarm.watch["function-errors"].alarm_name])
}

output "dashboard_url" {
  description = "The dashboard, in the console."
  value       = "https://${data.aws_region.current.id}.console.aws.amazon.com/cloudwatch/home?region=${data.aws_region.current.id}#dashboards:name=${aws_cloudwatch_dashboard.health.dashboard_name}"
}

output "topic_arn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}
