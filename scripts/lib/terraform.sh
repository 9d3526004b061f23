# Terraform on an environment's state. Source it after environment.sh.
# shellcheck shell=bash

readonly DATA_LOSS='[.resource_changes[] | select(.change.actions | index("delete"))
  | select(.type == "aws_db_instance" or .type == "aws_secretsmanager_secret") | .address] | join(", ")'

use_terraform() {
  need terraform "install Terraform 1.11 or later: https://developer.hashicorp.com/terraform/install"
  # A setting that names no file makes Terraform warn at each command and ignore its other settings.
  [[ -z ${TF_CLI_CONFIG_FILE:-} || -e $TF_CLI_CONFIG_FILE ]] || unset TF_CLI_CONFIG_FILE
  export TF_IN_AUTOMATION=1 TF_INPUT=0
  [[ -t 2 ]] || export TF_CLI_ARGS_plan="-no-color ${TF_CLI_ARGS_plan:-}"
  # Each environment has its own, so that one can be planned while the other is deployed.
  export TF_DATA_DIR=.terraform/$ENV
}

# is_bootstrapped: the account has the state bucket and the registry.
is_bootstrapped() {
  aws s3api head-object --bucket "$STATE_BUCKET" --key "$SERVICE/bootstrap.tfstate" >/dev/null 2>&1 &&
    aws ecr describe-repositories --repository-names "$SERVICE" >/dev/null 2>&1
}

init_environment() {
  is_bootstrapped || die "account $ACCOUNT_ID has no state bucket and registry yet" "make them: make bootstrap ENV=$ENV"
  quietly "terraform init" terraform -chdir=terraform init -reconfigure -lockfile=readonly -no-color \
    -backend-config="bucket=$STATE_BUCKET" -backend-config="key=$SERVICE/$ENV.tfstate" -backend-config="region=$REGION"
  rescue_state
}

# A state that could not be saved, because AWS went away in the middle of an apply, is kept in a file and saved now.
rescue_state() {
  local kept=$ENV.errored.tfstate
  [[ -e terraform/$kept ]] || return 0
  quietly "saving the state that terraform/$kept holds" terraform -chdir=terraform state push "$kept"
  rm "terraform/$kept"
  note "The state of the apply that was cut off is saved now"
}

# stopped_half_way: after Terraform failed to change something. Nothing that it made is forgotten.
stopped_half_way() {
  if [[ -e terraform/errored.tfstate ]]; then
    mv terraform/errored.tfstate "terraform/$ENV.errored.tfstate"
    die "Terraform stopped half-way, and could not save the state" \
      "the state is in terraform/$ENV.errored.tfstate: keep it; the next command on this machine saves it" \
      "when AWS answers again: make unlock ENV=$ENV, then run the same command again"
  fi
  die "Terraform stopped half-way; the reason is above" \
    "what it changed is in the state, and traffic is where it was: put the cause right and run the same command again"
}

# plan_environment DIGEST [OPTION…]: into terraform/ENV.tfplan; 0 if nothing changes, 2 if something does.
plan_environment() {
  local digest=$1 status=0
  shift
  terraform -chdir=terraform plan -detailed-exitcode -out="$ENV.tfplan" -var-file="$ENV.tfvars" \
    -var="image_digest=$digest" "$@" >&2 || status=$?
  [[ $status != 1 ]] || die "Terraform could not plan $ENV; the reason is above" "nothing was changed" \
    "if the state is locked by a run that died: make unlock ENV=$ENV"
  return "$status"
}

# apply_environment DIGEST: what is planned, unless it takes data with it.
apply_environment() {
  local changes=0 lost
  plan_environment "$1" -compact-warnings || changes=$?
  if [[ $changes == 0 ]]; then
    note "Terraform: nothing to change"
    return
  fi
  lost=$(terraform -chdir=terraform show -json "$ENV.tfplan" | jq -r "$DATA_LOSS")
  [[ -z $lost || ${ALLOW_DATA_LOSS:-} == "$ENV" ]] ||
    die "this would destroy data: $lost" "nothing was changed; if it is meant, say ALLOW_DATA_LOSS=$ENV"
  terraform -chdir=terraform apply -no-color "$ENV.tfplan" >&2 || stopped_half_way
}

# quietly WHAT COMMAND…: shows what the command says only if it fails.
quietly() {
  local what=$1 output
  shift
  output=$("$@" 2>&1) || die "$what failed:" "$output"
}
