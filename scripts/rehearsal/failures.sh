# What goes wrong in a rehearsal, and leaves version 1 with the traffic. Sourced by rehearse.sh.
# shellcheck shell=bash

bad_releases() {
  step "A broken version is deployed and takes no traffic"
  # The same executable, but for a table that does not exist.
  altered broken 's/insert into users \(/insert into userz (/'
  refuses "failed its checks" env EXECUTABLE="$STAGE/broken" make deploy ENV=dev
  still_version_1
  passed

  step "A failing migration stops the release"
  # The same executable, but it takes the database for an empty one, and the server refuses its first migration.
  altered stuck 's/users_service_migrations/users_service_migrationz/g; s/table_name = .users./table_name = \x27userz\x27/g; s/create table if not exists users \(/create tabel if not exists users (/'
  refuses "the migration failed" env EXECUTABLE="$STAGE/stuck" make deploy ENV=dev
  still_version_1
  passed

  step "A version that fails only behind the gateway loses the traffic again"
  altered later "" " "
  does touch "$STAGE/gateway-is-down"
  refuses "version 1 has the traffic again" env EXECUTABLE="$STAGE/later" make deploy ENV=dev
  does rm "$STAGE/gateway-is-down"
  still_version_1
  passed
}

# altered NAME PERL [MORE]: the executable of version 1 with a change of equal length, or with something behind its end.
altered() {
  local source=$STAGE/images/${DIGEST:7:16}/users-service
  does cp "$source" "$STAGE/$1"
  LC_ALL=C does perl -pi -e "$2" "$STAGE/$1"
  if [[ -n ${3:-} ]]; then printf '%s' "$3" >>"$STAGE/$1"; elif cmp -s "$source" "$STAGE/$1"; then failed "nothing was altered"; fi
}

still_version_1() {
  is "the version with the traffic" 1 "$(live)"
  is "the recorded digest" "$DIGEST" "$(record image_digest)"
  does make smoke-test ENV=dev
}

outages() {
  step "The registry is away: the deploy stops before anything is changed"
  does kill "$REGISTRY_PID"
  refuses "the registry did not tell which images it has" make deploy ENV=dev
  run_registry
  still_version_1
  passed

  step "Credentials that expire in the middle of an apply: nothing is lost"
  cut_off_an_apply
  still_version_1
  passed
}

cut_off_an_apply() {
  local deploy
  altered other "" "  "
  EXECUTABLE=$STAGE/other timeout --foreground "$STEP_LIMIT" make deploy ENV=dev >"$LOG.said" 2>&1 &
  deploy=$!
  PIDS+=("$deploy")
  until grep -q "Modifying" "$LOG.said"; do
    kill -0 "$deploy" 2>/dev/null || { cat "$LOG.said" >>"$LOG"; failed "the deploy changed nothing"; }
    sleep 0.2
  done
  touch "$STAGE/credentials-expired"
  if wait "$deploy"; then failed "the deploy should have failed"; fi
  cat "$LOG.said" >>"$LOG"
  rm "$STAGE/credentials-expired"
  grep -qF "Terraform stopped half-way" "$LOG.said" || failed "the deploy did not say that it stopped half-way"
  does make unlock ENV=dev
  does make apply ENV=dev
}
