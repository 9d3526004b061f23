#!/usr/bin/env bash
# Writes the software bill of materials (SBOM) of the Lambda image as CycloneDX JSON to target/sbom/: every crate that
# is compiled into the executable, with version, licence and checksum. The image has no other files but CA certificates.
#   sbom.sh [TARGET]   by default x86_64-unknown-linux-musl; for arm64 aarch64-unknown-linux-musl
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_commands jq
need_cargo_command cargo-cyclonedx

readonly TARGET=${1:-x86_64-unknown-linux-musl}
readonly BOM=target/sbom/users-service-$TARGET.cdx.json

# cargo-cyclonedx can write only beside the manifest.
readonly DRAFT=service/sbom.json
trap 'rm -f "$DRAFT" "$DRAFT.crates"' EXIT

# The time of the commit, so that the SBOM is reproducible.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
cargo cyclonedx --manifest-path service/Cargo.toml --quiet --format json --spec-version 1.5 \
  --no-default-features --no-build-deps --target "$TARGET" --override-filename sbom

# It lists all that cargo's metadata mentions, such as database drivers that no feature enables, and procedural macros.
# `cargo tree` lists what is compiled in.
cargo tree --locked --package users-service --no-default-features --target "$TARGET" --edges normal,no-proc-macro \
  --prefix none --format '{p}' | awk '{ print $1, substr($2, 2) }' | sort -u >"$DRAFT.crates"

mkdir -p "$(dirname "$BOM")"
# Without the path of the source on this machine.
jq --rawfile crates "$DRAFT.crates" --arg folder "path+file://$PWD/service#" '
  ($crates | split("\n") | INDEX(.)) as $compiled
  | .components |= map(select($compiled["\(.name) \(.version)"]))
  | ([.metadata.component, .components[]] | INDEX(."bom-ref")) as $kept
  | .dependencies |= map(select($kept[.ref]) | .dependsOn |= (. // [] | map(select($kept[.]))))
  | walk(if type == "string" and startswith($folder) then ltrimstr($folder) else . end)
' "$DRAFT" >"$BOM"
note "$BOM lists $(jq '.components | length' "$BOM") crates"
