#!/usr/bin/env bash
# Lints the OpenAPI documents with redocly and spectral, which also validate them and each of their examples: of ACCESS=open and
# of ACCESS=tokens, in OpenAPI 3.1 and 3.0. Warnings are errors.
#   EXECUTABLE=FILE    whose documents; by default those of a debug build of this source
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/service.sh
source scripts/lib/service.sh

readonly TOOLS=target/lint-api RULES=scripts/lint-api

need_node_packages "$TOOLS" "$RULES"
need_executable
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
documents=()
for access in open tokens; do
  for version in 3.1 3.0; do
    documents+=("$folder/$access-$version.json")
    ACCESS=$access "$EXECUTABLE" openapi "$version" >"$folder/$access-$version.json"
  done
done

failed=""
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
"$TOOLS/node_modules/.bin/redocly" lint --config "$RULES/redocly.yaml" --max-problems 1000 --format stylish \
  "${documents[@]}" | tee "$folder/redocly" || failed=1
# It succeeds with warnings.
if grep -qE '^ +[0-9]+:[0-9]+ +warn' "$folder/redocly"; then failed=1; fi
"$TOOLS/node_modules/.bin/spectral" lint --ruleset "$RULES/spectral.yaml" --fail-severity hint "${documents[@]}" || failed=1
[[ -z $failed ]] || die "the OpenAPI documents have the flaws that are listed above"
