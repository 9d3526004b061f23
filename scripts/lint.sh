#!/usr/bin/env bash
# Runs rustfmt, clippy, cargo-deny (licences, bans, sources of dependencies) and shellcheck, and checks that the scripts that
# have to run on macOS do.
# Advisories need the network and are checked with LINT_ADVISORIES=1, as the pull-request workflow does.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust
need cargo-fmt "install it: rustup component add rustfmt"
need cargo-clippy "install it: rustup component add clippy"
need cargo-deny "install it: make tools"
need shellcheck "install it: make tools"

cargo fmt --all --check
for manifest in service/fuzz/Cargo.toml service/bench/floor/Cargo.toml docs/examples/axum/Cargo.toml scripts/test-clients/rust/Cargo.toml; do cargo fmt --manifest-path "$manifest" --check; done
cargo clippy --locked --workspace --all-targets -- --deny warnings
cargo clippy --locked --workspace --all-targets --no-default-features -- --deny warnings

checks=(licenses bans sources)
[[ -z ${LINT_ADVISORIES:-} ]] || checks+=(advisories)
cargo deny --locked check "${checks[@]}"

git ls-files -z 'scripts/*.sh' '.ci/*' | xargs -0 shellcheck --external-sources
scripts/lint/portability.sh
scripts/test-scripts.sh
