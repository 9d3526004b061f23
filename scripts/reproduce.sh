#!/usr/bin/env bash
# Builds the executable for AWS Lambda here, and again from a copy of the commit in another folder, with another home and another
# folder of cargo's, and fails unless both have the same bytes.
#   reproduce.sh [ARCHITECTURE]   as for executable.sh
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

main() {
  local here there
  need git "install Git: https://git-scm.com/downloads"
  need_rust
  [[ -z $(git status --porcelain) ]] ||
    die "some changes are not committed, and a copy of the commit would lack them" "commit them, or put them away: git stash"
  here=$(scripts/executable.sh "$@")
  FOLDER=$(mktemp -d)
  trap 'rm -rf "$FOLDER"' EXIT
  there=$(build_in "$FOLDER/of/another/length" "$@")
  if ! cmp "$here" "$there" >&2; then
    cp "$there" "$here.elsewhere"
    die "the same source gave other bytes in another folder" "what differs: diffoscope $here $here.elsewhere"
  fi
  note "Both are the same, $(wc -c <"$here" | tr -d ' ') bytes: $here"
}

# build_in FOLDER [ARCHITECTURE]: prints the path of the executable.
build_in() (
  set -e # which a command substitution does not take over
  cargo=${CARGO_HOME:-$HOME/.cargo}
  mkdir -p "$1/home" "$1/cargo/registry"
  # Where the crates come from, and those that were downloaded before.
  for each in config.toml registry/index registry/cache; do
    if [[ -e $cargo/$each ]]; then cp -R "$cargo/$each" "$1/cargo/$each"; fi
  done
  git clone --quiet . "$1/source"
  cd "$1/source"
  unset CARGO_TARGET_DIR
  export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} HOME=$1/home CARGO_HOME=$1/cargo
  executable=$(scripts/executable.sh "${@:2}")
  printf '%s\n' "$PWD/$executable"
)

main "$@"
