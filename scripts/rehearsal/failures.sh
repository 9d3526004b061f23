# The failures of a rehearsal, after each of which version 1 has the traffic. Sourced by rehearse.sh.
# shellcheck shell=bash

bad_releases() {
  step "A broken version is deployed and takes no traffic"
  # The same executable, with a table name that does not exist.
  altered broken 's/insert into users \(/insert into userz (/'
  provide broken
  expect_failure "failed its checks" env EXECUTABLE="$FOLDER/broken" make deploy ENV=dev
  still_version_1
  passed

  step "A failing migration stops the release"
  failing_migration
  still_version_1
  passed

  step "A version that fails only behind the gateway loses the traffic again"
  altered later "" " "
  provide later
  run touch "$FOLDER/gateway-is-down"
  expect_failure "version 1 has the traffic again" env EXECUTABLE="$FOLDER/later" make deploy ENV=dev
  run rm "$FOLDER/gateway-is-down"
  still_version_1
  run make smoke-test ENV=dev
  passed
}

# The same executable, but it finds no record of migrations, and its first migration is a syntax error.
failing_migration() {
  altered stuck 's/users_service_migrations/users_service_migrationz/g; s/table_name = .users./table_name = \x27userz\x27/g; s/create table if not exists users \(/create tabel if not exists users (/'
  provide stuck
  expect_failure "the migration failed" env EXECUTABLE="$FOLDER/stuck" make deploy ENV=dev
}

# altered NAME PERL [SUFFIX]: a copy of version 1's executable, patched at equal length, or with a suffix.
altered() {
  local source=$FOLDER/images/${DIGEST:7:16}/users-service
  run cp "$source" "$FOLDER/$1"
  LC_ALL=C run perl -pi -e "$2" "$FOLDER/$1"
  if [[ -n ${3:-} ]]; then printf '%s' "$3" >>"$FOLDER/$1"; elif cmp -s "$source" "$FOLDER/$1"; then failed "nothing was altered"; fi
}

# provide NAME: pushes an image of the executable, as the job that builds does; then the role that deploys dev goes on.
provide() {
  become build ref:refs/heads/main
  run env EXECUTABLE="$FOLDER/$1" make build ENV=dev
  run env EXECUTABLE="$FOLDER/$1" make push ENV=dev
  become deploy-dev environment:dev
}

still_version_1() {
  expect_equal "the version with the traffic" 1 "$(live)"
  expect_equal "the recorded digest" "$DIGEST" "$(record image_digest)"
}

outages() {
  step "The registry is down: the deploy stops before anything is changed"
  # The shell's own, because a minimal system has no other (procps).
  kill "$REGISTRY_PID"
  expect_failure "the images in the registry could not be read" make deploy ENV=dev
  run_registry
  still_version_1
  passed

  step "Credentials expire during terraform apply: no state is lost"
  expire_during_apply
  still_version_1
  run make smoke-test ENV=dev
  passed
}

expire_during_apply() {
  local deploy
  altered other "" "  "
  provide other
  EXECUTABLE=$FOLDER/other timeout --foreground "$STEP_LIMIT" "${AS[@]}" make deploy ENV=dev >"$LOG.output" 2>&1 &
  deploy=$!
  PIDS+=("$deploy")
  until grep -q "Modifying" "$LOG.output"; do
    kill -0 "$deploy" 2>/dev/null || { cat "$LOG.output" >>"$LOG"; failed "the deploy changed nothing"; }
    sleep 0.2
  done
  touch "$FOLDER/credentials-expired"
  if wait "$deploy"; then failed "the deploy should have failed"; fi
  cat "$LOG.output" >>"$LOG"
  rm "$FOLDER/credentials-expired"
  grep -qF "terraform apply failed" "$LOG.output" || failed "the deploy did not report the failed apply"
  run make unlock ENV=dev
  run make apply ENV=dev
}
