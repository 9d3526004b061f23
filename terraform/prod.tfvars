# Safe: a standby in another zone, alarms with a subscriber, a canary for each deployment. Costs are in the README.
account_id  = "123456789012" # replace with the account to deploy to; any other account is refused
environment = "prod"
region      = "us-east-1"
zone_count  = 3

database_instance_class  = "db.t4g.medium" # 4 GiB
database_max_connections = 240
database_storage_gb      = 50

# At most 80 connections, 160 while traffic shifts between two versions: 67 % of 240.
reserved_concurrency = 80
throttle             = { rate = 500, burst = 500 }

alarm_emails = [] # fill in the addresses of those on call; until then prod is refused
