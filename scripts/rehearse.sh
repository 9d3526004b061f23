#!/usr/bin/env bash
# Rehearses everything that the menu does on AWS, with the real targets, scripts, Terraform, image and MySQL, against
# stand-ins for AWS's endpoints on this machine. No account, no Docker engine. See scripts/rehearsal/.
#   EXECUTABLE=FILE saves the build of the executable; KEEP=1 keeps the stage in target/rehearsal
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/rehearsal/stage.sh
source scripts/rehearsal/stage.sh
# shellcheck source=scripts/rehearsal/steps.sh
source scripts/rehearsal/steps.sh
# shellcheck source=scripts/rehearsal/failures.sh
source scripts/rehearsal/failures.sh

main() {
  note "Setting the stage"
  set_stage
  mistakes
  first_deploy
  every_target_again
  bad_releases
  outages
  good_release
  rotation
  rollback
  production
  destruction
  note $'\n'"All $STEPS steps passed in $((SECONDS / 60)) minutes and $((SECONDS % 60)) seconds."
  farewell
}

mistakes() {
  step "Mistakes end in a message and change nothing"
  refuses "ENV is not set" make deploy
  refuses "ENV is 'staging'; it must be dev or prod" make plan ENV=staging
  refuses "there are no AWS credentials" env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY make deploy ENV=dev
  does cp terraform/dev.tfvars dev.tfvars
  does sed -i "s/$REHEARSAL_ACCOUNT/444455556666/" terraform/dev.tfvars
  refuses "these are credentials of account $REHEARSAL_ACCOUNT" make deploy ENV=dev
  does mv dev.tfvars terraform/dev.tfvars
  refuses "has no state bucket and registry yet" make plan ENV=dev
  refuses "dev has proved no image yet" make push ENV=prod
  refuses "dev has no API yet" make rollback ENV=dev
  passed
}

first_deploy() {
  step "make deploy on an empty account: bootstrap, image, infrastructure, database, checks"
  says "dev runs version 1." make deploy ENV=dev
  passed

  step "The image is in the registry, and the functions run it by digest"
  DIGEST=$(record image_digest)
  does curl --silent --fail --cacert "$REHEARSAL_CA" -H 'accept: application/vnd.oci.image.manifest.v1+json' \
    "https://$REGISTRY/v2/users-service/manifests/$DIGEST"
  is "the image of version 1" "$DIGEST" "$(aws lambda get-function --function-name users-service-dev-api --qualifier 1 \
    --query Code.ImageUri --output text | sed 's/.*@//')"
  passed

  step "A second plan is empty"
  says "dev is as Terraform says: nothing to change" make plan ENV=dev
  passed

  step "Neither state nor plan holds a password"
  no_password
  passed
}

# The administrator's, the application's, and anything of that name.
no_password() {
  local password
  TF_DATA_DIR=.terraform/dev terraform -chdir=terraform state pull >"$STAGE/state"
  TF_DATA_DIR=.terraform/dev terraform -chdir=terraform show -json dev.tfplan >"$STAGE/plan"
  password=$(aws secretsmanager get-secret-value --secret-id dev/rds/credentials --query SecretString --output text | jq -r .password)
  is "length of the application's password" 44 "${#password}"
  for password in "$password" "$REHEARSAL_ADMIN_PASSWORD"; do
    is "occurrences of it" 0 "$(cat "$STAGE/state" "$STAGE/plan" | grep -cF -- "$password" || true)"
  done
  is "values called password" 0 "$(jq -s '[.[] | .. | objects | to_entries[]
    | select((.key | test("password$")) and (.value | type == "string") and .value != "")] | length' "$STAGE/state" "$STAGE/plan")"
}

every_target_again() {
  step "make deploy again: nothing changes, and it says so"
  says "dev was up to date: version 1 still has the traffic." make deploy ENV=dev
  passed

  step "Every target on its own: nothing to do"
  says "Bootstrap: nothing to change" make bootstrap ENV=dev
  says "was built before" make build ENV=dev
  says "is in the registry already" make push ENV=dev
  says "Terraform: nothing to change" make apply ENV=dev
  says "1 create_users applied" make migrate ENV=dev
  says "Every check of dev passed" make smoke-test ENV=dev
  says "Every check of version 1 of users-service-dev-api passed" make smoke-test ENV=dev VERSION=1
  says "Has traffic" make status ENV=dev
  says "Response: 200 OK" make logs ENV=dev
  passed

  step "A deploy while another one runs is refused"
  does aws ssm put-parameter --name /users-service/dev/lock --type String --value \
    '{"id":"other","what":"deploy","who":"somebody","host":"elsewhere","since":"2026-01-01T00:00:00Z"}'
  refuses "another change of dev is under way: deploy, started by somebody on elsewhere" make deploy ENV=dev
  does make unlock ENV=dev
  passed
}

good_release() {
  step "A new version passes its checks and takes the traffic"
  does env EXECUTABLE="$STAGE/later" make deploy ENV=dev
  RELEASED=$(live)
  [[ $RELEASED != 1 ]] || failed "version 1 still has the traffic"
  is "the recorded version before" 1 "$(record previous_version)"
  passed
}

rotation() {
  local answer
  step "The password is rotated three times under load, and no request fails"
  mkfifo "$STAGE/load.stdin"
  "$VENV/bin/python" "$ROOT/scripts/rehearsal/load.py" "$API_URL" "$REHEARSAL_REGION" <"$STAGE/load.stdin" >"$STAGE/load" &
  LOAD=$!
  exec 8>"$STAGE/load.stdin"
  sleep 2
  for _ in 1 2 3; do
    does aws secretsmanager rotate-secret --secret-id dev/rds/credentials
    sleep 3
  done
  exec 8>&-
  wait "$LOAD"
  answer=$(<"$STAGE/load")
  is "failed requests under load ($answer)" 0 "$(cut -d ' ' -f 2 <<<"$answer")"
  (($(cut -d ' ' -f 1 <<<"$answer") > 50)) || failed "there was hardly any load: $answer"
  does make smoke-test ENV=dev
  passed
}

rollback() {
  step "make rollback brings version 1 back"
  says "dev runs version 1 again, in the place of $RELEASED." make rollback ENV=dev
  is "the version with the traffic" 1 "$(live)"
  is "the recorded digest" "$DIGEST" "$(record image_digest)"
  does make smoke-test ENV=dev
  passed
}

production() {
  step "prod: plans with the image that dev proved, and is not destroyed just like that"
  says "$DIGEST" make plan ENV=prod
  refuses "prod is not destroyed just like that" make destroy ENV=prod CONFIRM=prod
  passed
}

destruction() {
  step "make destroy leaves nothing"
  refuses "the name of the environment was not typed" make destroy ENV=dev CONFIRM=prod
  says "dev is destroyed" make destroy ENV=dev CONFIRM=dev
  is "resources in the state" "" "$(TF_DATA_DIR=.terraform/dev terraform -chdir=terraform state list)"
  is "functions" 0 "$(count Functions lambda list-functions)"
  is "databases" 0 "$(count DBInstances rds describe-db-instances)"
  is "APIs" 0 "$(count Items apigatewayv2 get-apis)"
  is "secrets" 0 "$(count SecretList secretsmanager list-secrets)"
  is "parameters" 0 "$(count Parameters ssm describe-parameters)"
  is "networks" 0 "$(count Vpcs ec2 describe-vpcs --filters Name=tag:Service,Values=users-service)"
  passed
}

# count LIST SERVICE COMMAND…: how many AWS lists; an empty answer has no list at all. The endpoint is named, because the
# CLI's version 1 takes that of the environment for most services, and not for RDS.
count() {
  aws "${@:2}" --endpoint-url "$AWS_ENDPOINT_URL" --output json | jq --arg list "$1" '.[$list] // [] | length'
}

live() { aws lambda get-alias --function-name users-service-dev-api --name live --query FunctionVersion --output text; }
record() { aws ssm get-parameter --name "/users-service/dev/$1" --query Parameter.Value --output text; }

farewell() {
  cat <<TEXT

What this cannot show, because no stand-in does it as AWS does:
  - IAM: whether each role may do what it has to, and nothing else; the endpoint's and the registry's policies
  - the network: subnets, security groups, the endpoint for Secrets Manager
  - API Gateway itself: throttling, CORS, its own answers (403, 413, 429, 503), JWT authorisation, a custom domain
  - the canary: CodeDeploy's shift in steps and its rollback by alarm; here all traffic moves at once
  - RDS itself: its parameter group, its failover, backups and restores
  - AWS's own cold start, and how long AWS takes to make and to remove things
The first deploy to a real account shows them: docs/first-deploy.md.
TEXT
}

main
