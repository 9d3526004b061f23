# Cheap and disposable: one small database, no standby, no reserved concurrency. Costs are in the README.
account_id  = "123456789012" # replace with the account to deploy to; any other account is refused
environment = "dev"
region      = "us-east-1"

database_instance_class  = "db.t4g.micro"
database_max_connections = 60

# A new account runs 10 functions at once and can reserve none, so here throttling protects the database.
throttle = { rate = 20, burst = 20 }
