#!/usr/bin/env bash
# Tests that the dashboard and the alarms name metrics of the service that there are, and those alone that are logged by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

# A test of the service holds that the page has the list.
# shellcheck disable=SC2016 # The backticks are Markdown's.
logged() { sed -n 's/^| `\([A-Za-z]*\)` | [A-Za-z]* | `all`, `sparse` |.*/\1/p' docs/metrics.md; }

# An alarm names its namespace and its metric in one line; graphs are those of service.tf and the one of mails.
named() {
  sed -n 's/.*namespace *= local\.namespace, metric = "\([A-Za-z]*\)".*/\1/p' terraform/modules/monitoring/*.tf
  grep -h '"Mails[A-Za-z]*", "\(Sum\|Maximum\)"' terraform/modules/monitoring/mail.tf | pairs
  pairs <terraform/modules/monitoring/service.tf
}

pairs() { grep -o '\["[A-Za-z]*", "[A-Za-z0-9]*"\]' | sed 's/^\["\([A-Za-z]*\)".*/\1/'; }

unknown=$(comm -13 <(logged | sort -u) <(named | sort -u))
[[ -z $unknown ]] || die "terraform/modules/monitoring names metrics that docs/metrics.md does not have, or not by default:" "$unknown"
[[ $(named | sort -u | wc -l) -ge 10 ]] || die "this test finds too few metrics in terraform/modules/monitoring:" "$(named)"

# The dimension that tells a release from the one before it.
grep -q '"FunctionName","ExecutedVersion"' service/src/telemetry/emf.rs || die "emf.rs does not count by ExecutedVersion"
grep -q 'ExecutedVersion = var.function_version' terraform/modules/monitoring/alarms.tf || die "alarms.tf does not watch ExecutedVersion"

namespace=$(sed -n 's/^const NAMESPACE: &str = "\(.*\)";$/\1/p' service/src/telemetry/emf.rs)
grep -q "namespace *= \"$namespace\" #" terraform/modules/monitoring/service.tf ||
  die "terraform/modules/monitoring/service.tf has another namespace than the service: $namespace"
