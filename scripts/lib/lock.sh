# A lock for each environment: an SSM parameter that only one process can create. Source it after environment.sh.
# shellcheck shell=bash

# take_lock WHAT: until this script exits. Scripts that it calls share the lock.
take_lock() {
  [[ ${LOCK_HELD:-} != "$ENV" ]] || return 0
  local value answer holder
  LOCK_ID=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  value=$(jq -cn --arg id "$LOCK_ID" --arg what "$1" --arg who "${GITHUB_ACTOR:-$(id -un)}" --arg host "$(uname -n)" \
    --arg since "$(date -u +%FT%TZ)" '{$id, $what, $who, $host, $since}')
  # Before the request, so that the lock is released even if the response is lost.
  trap 'trap "" INT TERM; release_lock' EXIT
  if ! answer=$(aws ssm put-parameter --name "$RECORDS/lock" --type String --value "$value" 2>&1); then
    [[ $answer == *ParameterAlreadyExists* ]] || die "the lock of $ENV could not be taken:" "${answer##*$'\n'}"
    holder=$(record lock)
    # A retry after a lost response finds its own lock.
    if [[ $(jq -r .id <<<"$holder" 2>/dev/null) != "$LOCK_ID" ]]; then
      LOCK_ID=""
      die "$ENV is locked: $(describe_lock "$holder")" "nothing was changed; try again when it has ended" \
        "if that process was killed, remove its lock: make unlock ENV=$ENV"
    fi
  fi
  export LOCK_HELD=$ENV
}

release_lock() {
  [[ -n ${LOCK_ID:-} ]] || return 0
  local holder
  holder=$(record lock) || { note "The lock of $ENV may still exist: make unlock ENV=$ENV"; return 0; }
  if [[ $(jq -r .id <<<"$holder" 2>/dev/null) == "$LOCK_ID" ]]; then
    aws ssm delete-parameter --name "$RECORDS/lock" >/dev/null || note "The lock of $ENV could not be removed: make unlock ENV=$ENV"
  fi
  LOCK_ID=""
}

# describe_lock VALUE
describe_lock() {
  jq -r '"\(.what), started by \(.who) on \(.host) at \(.since)"' <<<"$1" 2>/dev/null || echo "$1"
}
