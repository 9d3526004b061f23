# prod in a rehearsal: from nothing by the pipeline's role, and a release that only its clients' requests show to be bad.
# Sourced by rehearse.sh.
# shellcheck shell=bash

production() {
  step "prod: the plan before the approval has the image verified in dev"
  become plan environment:plan-prod refs/tags/v1.0.0
  expect_output "$DIGEST" make plan ENV=prod
  passed

  step "prod: the pipeline's role creates everything, and a second plan is empty"
  become deploy-prod environment:prod refs/tags/v1.0.0
  create_prod
  expect_equal "prod's digest" "$DIGEST" "$(record image_digest prod)"
  expect_output "no changes: prod matches the configuration" make plan ENV=prod
  passed

  step "prod: a canary that alarms stop, a database that is protected, and no make destroy"
  protected
  passed

  step "prod: a bad release passes every check, fails for clients, and is rolled back"
  bad_release_in_prod
  passed
}

create_prod() {
  run make push ENV=prod
  run env IMAGE_DIGEST="$DIGEST" make apply ENV=prod
  # The API has an id only now, and its smoke test a role.
  become_administrator
  run make bootstrap ENV=prod
  become deploy-prod environment:prod refs/tags/v1.0.0
  expect_output "prod runs version 1" make deploy ENV=prod
}

protected() {
  local database=(rds describe-db-instances --db-instance-identifier users-service-prod --endpoint-url "$AWS_ENDPOINT_URL" --output text)
  expect_equal "protection, standby, days of backups" $'True\tTrue\t14' \
    "$(aws "${database[@]}" --query 'DBInstances[0].[DeletionProtection, MultiAZ, BackupRetentionPeriod]')"
  expect_failure "prod is protected from make destroy" make destroy ENV=prod CONFIRM=prod
  expect_failure "Cannot delete protected DB Instance" aws rds delete-db-instance --db-instance-identifier users-service-prod \
    --endpoint-url "$AWS_ENDPOINT_URL" --skip-final-snapshot
  expect_equal "the shift of the traffic" CodeDeployDefault.LambdaCanary10Percent5Minutes \
    "$(aws deploy get-deployment-group --application-name users-service-prod --deployment-group-name live \
      --query deploymentGroupInfo.deploymentConfigName --output text)"
}

# A version that cannot change a username, which no smoke test tries. The alarm is CloudWatch's, on the errors that the clients'
# requests really got from it.
bad_release_in_prod() {
  local answer
  altered bad 's/set username = case when \? then \?/set username= case when ? then -?/'
  provide bad
  run env EXECUTABLE="$FOLDER/bad" make deploy ENV=dev
  become deploy-prod environment:prod refs/tags/v1.1.0
  mkfifo "$FOLDER/clients.stdin"
  "$VENV/bin/python" "$ROOT/scripts/rehearsal/load.py" "$(url prod)" "$REHEARSAL_REGION" rename <"$FOLDER/clients.stdin" >"$FOLDER/clients" &
  CLIENTS=$!
  exec 7>"$FOLDER/clients.stdin"
  expect_failure "version 1 has all of it" env EXECUTABLE="$FOLDER/bad" make deploy ENV=prod
  exec 7>&-
  wait "$CLIENTS"
  answer=$(<"$FOLDER/clients")
  printf '\nrequests, failures: %s\n' "$answer" >>"$LOG"
  (($(cut -d ' ' -f 2 <<<"$answer") > 0)) || failed "no client met the bad version: $answer"
  grep -qF "One or more alarms have been activated" "$LOG" || failed "no alarm stopped the shift"
  expect_equal "the version with the traffic" 1 "$(live prod)"
  expect_equal "other versions with a share" 0 "$(aws lambda get-alias --function-name users-service-prod-api --name live \
    --output json | jq '.RoutingConfig.AdditionalVersionWeights // {} | length')"
  expect_equal "prod's digest" "$DIGEST" "$(record image_digest prod)"
  run make smoke-test ENV=prod
}
