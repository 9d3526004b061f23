#!/usr/bin/env bash
# Checks formatting, lints, licences, duplicate and foreign sources of dependencies, and the scripts themselves.
# Advisories need the network and are checked with LINT_ADVISORIES=1, as the pull-request workflow does.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

need cargo "install Rust: https://www.rust-lang.org/tools/install"
need cargo-deny "install it: cargo install --locked cargo-deny"
need shellcheck "install the package shellcheck"

cargo fmt --all --check
cargo fmt --manifest-path service/fuzz/Cargo.toml --check
cargo clippy --locked --workspace --all-targets -- --deny warnings
cargo clippy --locked --workspace --no-default-features -- --deny warnings
cargo clippy --locked --manifest-path service/fuzz/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}" -- --deny warnings

checks=(licenses bans sources)
[[ -z ${LINT_ADVISORIES:-} ]] || checks+=(advisories)
cargo deny --locked check "${checks[@]}"

mapfile -t scripts < <(git ls-files 'scripts/*.sh' '.ci/*')
shellcheck --external-sources "${scripts[@]}"
