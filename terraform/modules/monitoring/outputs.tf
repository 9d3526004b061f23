output "rollback_alarm_names" {
  description = "Alarms that indicate a bad version: those that should stop a deployment."
  value       = [for key in ["api-5xx", "function-errors"] : aws_cloudwatch_metric_alarm.watch[key].alarm_name]
}

output "dashboard_url" {
  description = "The dashboard, in the console."
  value       = "https://${data.aws_region.current.name}.console.aws.amazon.com/cloudwatch/home?region=${data.aws_region.current.name}#dashboards:name=${aws_cloudwatch_dashboard.health.dashboard_name}"
}

output "topic_arn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}
