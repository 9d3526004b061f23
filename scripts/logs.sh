#!/usr/bin/env bash
# Prints an environment's logs.
#   logs.sh ENV
# LOG=api, worker, migrate, rotate-secret, rotate-keys or access; SINCE=15m (s, m, h, d); FILTER=pattern; FOLLOW=1 follows.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh

main() {
  use_environment "${1:-}"
  use_account
  local group from seen
  group=$(log_group "${LOG:-api}")
  from=$((($(date +%s) - $(seconds "${SINCE:-15m}")) * 1000))
  while true; do
    seen=$(print_events "$group" "$from")
    from=${seen:-$from}
    [[ -n ${FOLLOW:-} ]] || break
    sleep 3
  done
}

log_group() {
  case $1 in
    api | worker | migrate | rotate-secret | rotate-keys) echo "/aws/lambda/$NAME-$1" ;;
    access) echo "/aws/vendedlogs/$NAME/access" ;;
    *) die "LOG is '$1'; it must be api, worker, migrate, rotate-secret, rotate-keys or access" ;;
  esac
}

seconds() {
  [[ $1 =~ ^([0-9]{1,6})([smhd])$ ]] || die "SINCE is '$1'; it must be a number and s, m, h or d, such as 15m"
  case ${BASH_REMATCH[2]} in
    s) echo "${BASH_REMATCH[1]}" ;;
    m) echo $((BASH_REMATCH[1] * 60)) ;;
    h) echo $((BASH_REMATCH[1] * 3600)) ;;
    d) echo $((BASH_REMATCH[1] * 86400)) ;;
  esac
}

# print_events GROUP FROM: the lines to file descriptor 3, and the next FROM, in milliseconds, to standard output.
print_events() {
  local events
  events=$(aws logs filter-log-events --log-group-name "$1" --start-time "$2" ${FILTER:+--filter-pattern "$FILTER"} \
    --output json 2>&1) ||
    die "the log $1 cannot be read:" "${events##*$'\n'}"
  jq -r '.events[].message | rtrimstr("\n")' <<<"$events" >/dev/fd/3
  jq -r '[.events[].timestamp] | max | if . then . + 1 else empty end' <<<"$events"
}

main "$@" 3>&1
