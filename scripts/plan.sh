#!/usr/bin/env bash
# Runs terraform plan with the deployed image, and writes the plan to terraform/ENV.tfplan.
#   plan.sh ENV
# IMAGE_DIGEST=sha256:… plans with another image, IMAGE_DIGEST=verified with the one that dev has verified.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

use_environment "${1:-}"
use_account
use_terraform
init_environment

digest=${IMAGE_DIGEST:-$(record image_digest)}
if [[ $digest == verified ]]; then digest=$(verified_digest); fi
# prod's first image is the one that dev runs.
if [[ $digest == none && $ENV == prod ]]; then digest=$(in_account_of_dev other_record dev image_digest); fi
if [[ $digest == none ]]; then
  note "Nothing is deployed to $ENV yet: the plan uses a placeholder digest of zeros."
  digest=sha256:$(printf '0%.0s' {1..64})
fi
changes=0
# Without a state lock, so that a read-only role can plan, even during a deploy.
plan_environment "$digest" -lock=false || changes=$?
case $changes in
  0) note "no changes: $ENV matches the configuration" ;;
  2) note "make apply ENV=$ENV applies these changes; make deploy ENV=$ENV also deploys the image of this source" ;;
esac
