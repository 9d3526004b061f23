#!/usr/bin/env bash
# Runs terraform destroy on an environment, database included, after a confirmation.
#   destroy.sh ENV
# CONFIRM=ENV confirms; prod also needs ALLOW_DESTROY=prod. What `make bootstrap` created stays.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

main() {
  use_environment "${1:-}"
  use_account
  use_terraform
  [[ $ENV != prod || ${ALLOW_DESTROY:-} == prod ]] ||
    die "prod is protected from make destroy" "nothing was changed; to destroy it: make destroy ENV=prod ALLOW_DESTROY=prod"
  confirm
  take_lock destroy
  init_environment
  local digest
  digest=$(record image_digest)
  # A destroy does not use the image, so any digest is valid.
  [[ $digest == sha256:* ]] || digest=sha256:$(printf '0%.0s' {1..64})
  local options=(-auto-approve -no-color -compact-warnings -var-file="$ENV.tfvars" -var="image_digest=$digest")
  if [[ $ENV == prod ]]; then
    note "Disabling the database's deletion protection; a final snapshot is kept"
    terraform -chdir=terraform apply "${options[@]}" -var=allow_destroy=true -target=module.database.aws_db_instance.mysql >&2 ||
      die "the database is still protected; the reason is above" "nothing was destroyed"
    options+=(-var=allow_destroy=true)
  fi
  note "Destroying $ENV; AWS takes up to 40 minutes to release the functions' network interfaces"
  terraform -chdir=terraform destroy "${options[@]}" >&2 || apply_failed
  rm -f "terraform/$ENV.tfplan"
  note $'\n'"$ENV is destroyed. The account's state bucket, registry and pipeline roles stay; to remove them, see docs/first-deploy.md."
}

confirm() {
  local answer=${CONFIRM:-}
  if [[ -z $answer && -t 0 ]]; then
    note "This destroys $ENV in account $ACCOUNT_ID: API, functions, database, secret and logs."
    read -r -p "Type $ENV to confirm: " answer
  fi
  [[ $answer == "$ENV" ]] || die "not confirmed" "nothing was changed; the confirmation is the name of the environment: CONFIRM=$ENV"
}

main "$@"
