# Terraform with an environment's state. Source it after environment.sh.
# shellcheck shell=bash

readonly DATA_LOSS='[.resource_changes[] | select(.change.actions | index("delete"))
  | select(.type == "aws_db_instance" or .type == "aws_secretsmanager_secret") | .address] | join(", ")'

use_terraform() {
  need terraform "install Terraform 1.11 or later: https://developer.hashicorp.com/terraform/install"
  # If the file does not exist, Terraform warns at each command and ignores the default configuration file.
  [[ -z ${TF_CLI_CONFIG_FILE:-} || -e $TF_CLI_CONFIG_FILE ]] || unset TF_CLI_CONFIG_FILE
  export TF_IN_AUTOMATION=1 TF_INPUT=0
  [[ -t 2 ]] || export TF_CLI_ARGS_plan="-no-color ${TF_CLI_ARGS_plan:-}"
  # One for each environment, so that one can be planned while another is deployed.
  export TF_DATA_DIR=.terraform/$ENV
}

# is_bootstrapped: the account has the state bucket and the environment's repository.
is_bootstrapped() {
  aws s3api head-object --bucket "$STATE_BUCKET" --key "$SERVICE/bootstrap.tfstate" >/dev/null 2>&1 &&
    aws ecr describe-repositories --repository-names "$REPOSITORY" >/dev/null 2>&1
}

init_environment() {
  is_bootstrapped || die "account $ACCOUNT_ID has no state bucket and registry yet" "create them: make bootstrap ENV=$ENV"
  quietly "terraform init" terraform -chdir=terraform init -reconfigure -lockfile=readonly -no-color \
    -backend-config="bucket=$STATE_BUCKET" -backend-config="key=$SERVICE/$ENV.tfstate" -backend-config="region=$REGION"
  push_errored_state
}

# Pushes the state of an apply that lost its connection to AWS and could not save it.
push_errored_state() {
  local kept=$ENV.errored.tfstate
  [[ -e terraform/$kept ]] || return 0
  quietly "saving the state that terraform/$kept holds" terraform -chdir=terraform state push "$kept"
  rm "terraform/$kept"
  note "The state of the interrupted apply is saved now"
}

# apply_failed: the resources that the failed apply or destroy has created stay in the state.
apply_failed() {
  if [[ -e terraform/errored.tfstate ]]; then
    mv terraform/errored.tfstate "terraform/$ENV.errored.tfstate"
    die "terraform apply failed, and its state could not be saved" \
      "the state is in terraform/$ENV.errored.tfstate: keep it; the next command on this machine saves it" \
      "when AWS is reachable again: make unlock ENV=$ENV, then run the same command again"
  fi
  die "terraform apply failed; the reason is above" \
    "its changes so far are in the state, and no traffic was shifted: fix the cause and run the same command again"
}

# plan_environment DIGEST [OPTION…]: into terraform/ENV.tfplan; 0 if nothing changes, 2 if something does.
plan_environment() {
  local digest=$1 status=0
  shift
  terraform -chdir=terraform plan -detailed-exitcode -out="$ENV.tfplan" -var-file="$ENV.tfvars" \
    -var="image_digest=$digest" "$@" >&2 || status=$?
  [[ $status != 1 ]] || die "Terraform could not plan $ENV; the reason is above" "nothing was changed" \
    "if the state is locked by a killed run: make unlock ENV=$ENV"
  return "$status"
}

# apply_environment DIGEST: plans and applies, unless the plan would destroy data.
apply_environment() {
  local changes=0 lost
  plan_environment "$1" -compact-warnings || changes=$?
  if [[ $changes == 0 ]]; then
    note "Terraform: nothing to change"
    return
  fi
  lost=$(terraform -chdir=terraform show -json "$ENV.tfplan" | jq -r "$DATA_LOSS")
  [[ -z $lost || ${ALLOW_DATA_LOSS:-} == "$ENV" ]] ||
    die "this would destroy data: $lost" "nothing was changed; to do it nevertheless: ALLOW_DATA_LOSS=$ENV"
  terraform -chdir=terraform apply -no-color "$ENV.tfplan" >&2 || apply_failed
}

# quietly WHAT COMMAND…: prints the output of the command only if it fails.
quietly() {
  local what=$1 output
  shift
  output=$("$@" 2>&1) || die "$what failed:" "$output"
}
