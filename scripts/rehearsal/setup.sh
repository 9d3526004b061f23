# Starts and stops the local AWS of a rehearsal, and copies the repository. Sourced by rehearse.sh.
# shellcheck shell=bash disable=SC2034 # some names are for rehearse.sh
set -euo pipefail

readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
readonly REHEARSAL_ACCOUNT=111122223333 REHEARSAL_REGION=us-east-1
ROOT=$PWD
FOLDER=$ROOT/target/rehearsal
VENV=$ROOT/target/rehearsal-venv
PIDS=()

set_up() {
  need_tools
  rm -rf "$FOLDER"
  mkdir -p "$FOLDER/logs"
  trap 'tear_down' EXIT
  drop_credentials
  start_databases
  start_registry
  start_aws
  copy_repository
}

need_tools() {
  need_linux "to run the image's executable as Lambda does, with the image as its root"
  need terraform "install Terraform 1.11 or later: https://developer.hashicorp.com/terraform/install"
  need git "install Git: https://git-scm.com/downloads"
  need_rust
  need_commands jq curl openssl perl docker-registry buildah
  [[ -r ${SSL_CERT_FILE:-$CERTIFICATES} ]] || install_packages ca-certificates
  need_python_packages "$VENV" scripts/rehearsal/requirements.txt
}

# No request may reach a real account, whatever credentials this shell has.
drop_credentials() {
  local name
  for name in $(compgen -e | grep -E '^(AWS|TF|DB|GITHUB)_' || true); do unset "$name"; done
  export GITHUB_REPOSITORY=example/users-service GITHUB_REPOSITORY_OWNER_ID=1001 GITHUB_REPOSITORY_ID=2002
  export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
  export AWS_ACCESS_KEY_ID=REHEARSAL AWS_SECRET_ACCESS_KEY=rehearsal AWS_MAX_ATTEMPTS=3
  export AWS_REGION=$REHEARSAL_REGION AWS_DEFAULT_REGION=$REHEARSAL_REGION AWS_PAGER=""
  export PATH=$VENV/bin:$PATH
}

# One for each environment, each with an administrator as RDS makes it.
start_databases() {
  local environment
  export REHEARSAL_CA=$FOLDER/database-dev/certificates/ca.pem REHEARSAL_DATABASE_CAS=$FOLDER/database-cas.pem
  export REHEARSAL_ADMIN_USER=administrator REHEARSAL_ADMIN_PASSWORD
  REHEARSAL_ADMIN_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  for environment in dev prod; do start_database "$environment"; done
  cat "$FOLDER"/database-*/certificates/ca.pem >"$REHEARSAL_DATABASE_CAS"
}

start_database() {
  local variables url
  # Rotation uses MySQL's dual passwords, which MariaDB does not have.
  variables=$(TEST_DATABASE=${TEST_DATABASE:-mysql} scripts/test-database.sh start "$FOLDER/database-$1")
  url=$(sed -n 's/^TEST_MYSQL_URL=//p' <<<"$variables")
  export "REHEARSAL_DB_PORT_$1=$(sed -E 's|.*:([0-9]+)/.*|\1|' <<<"$url")"
  "$VENV/bin/python" scripts/rehearsal/administrator.py "$url" "$(sed -n 's/^TEST_MYSQL_CA=//p' <<<"$variables")" \
    "$REHEARSAL_ADMIN_USER" "$REHEARSAL_ADMIN_PASSWORD"
}

# With TLS, and a certificate of the same authority as the database's. It reports each push and pull to the emulated AWS.
start_registry() {
  AWS_PORT=$(free_port)
  local certificates=${REHEARSAL_CA%/*}
  REGISTRY=localhost:$(free_port)
  cat >"$FOLDER/registry.yml" <<CONFIG
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $FOLDER/registry}}
http:
  addr: 127.0.0.1:${REGISTRY#*:}
  secret: rehearsal
  tls: {certificate: $certificates/server.pem, key: $certificates/server-key.pem}
notifications:
  endpoints: [{name: aws, url: "http://127.0.0.1:$AWS_PORT/registry-events", timeout: 5s, threshold: 100, backoff: 1s}]
CONFIG
  cat "${SSL_CERT_FILE:-$CERTIFICATES}" "$REHEARSAL_CA" >"$FOLDER/authorities.pem"
  # The second is curl's own, and wins if a shell has it.
  export SSL_CERT_FILE=$FOLDER/authorities.pem CURL_CA_BUNDLE=$FOLDER/authorities.pem
  run_registry
}

run_registry() {
  docker-registry serve "$FOLDER/registry.yml" >>"$FOLDER/logs/registry.log" 2>&1 &
  REGISTRY_PID=$!
  PIDS+=("$REGISTRY_PID")
  wait_for_port "${REGISTRY#*:}" registry
}

start_aws() {
  local tls_port
  tls_port=$(free_port)
  # Seconds for a minute of AWS in metrics, alarms and the canary.
  export REHEARSAL_MINUTE=6 SHIFT_POLL_SECONDS=1 MIGRATE_POLL_SECONDS=1
  export AWS_ENDPOINT_URL=http://127.0.0.1:$AWS_PORT
  export REHEARSAL_FUNCTION_ENDPOINT=https://localhost:$tls_port
  # It exits at the end of its standard input, a pipe that closes when this script ends, even if it is killed.
  mkfifo "$FOLDER/aws.stdin"
  "$VENV/bin/python" -B scripts/rehearsal/aws.py "$FOLDER" "$AWS_PORT" "$tls_port" "$REGISTRY" "$REHEARSAL_ACCOUNT" "$REHEARSAL_REGION" \
    <"$FOLDER/aws.stdin" >"$FOLDER/logs/aws.log" 2>&1 &
  PIDS+=($!)
  exec 9>"$FOLDER/aws.stdin"
  wait_for_port "$AWS_PORT" aws
}

# A copy, because tfvars are changed and Terraform writes its working files.
copy_repository() {
  local machine
  machine=$(uname -m)
  mkdir -p "$FOLDER/work"
  git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do
    if [[ -e $file ]]; then printf '%s\0' "$file"; fi
  done | xargs -0 cp --parents --preserve=mode,timestamps --target-directory="$FOLDER/work"
  # For the commit in /health. With a link, cargo finds the files of build.rs unchanged and reuses an earlier build.
  if [[ -d .git ]]; then
    ln -s "$PWD/.git" "$FOLDER/work/.git"
  else
    echo "gitdir: $(git rev-parse --absolute-git-dir)" >"$FOLDER/work/.git"
  fi
  export GIT_OPTIONAL_LOCKS=0 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
  cd "$FOLDER/work"
  sed -i -E "s/^(account_id *= *)\"[0-9]+\"/\1\"$REHEARSAL_ACCOUNT\"/; s/^alarm_emails = \[\]/alarm_emails = [\"night@example.org\"]/" \
    terraform/*.tfvars
  printf 'architecture = "%s"\n' "${machine/aarch64/arm64}" | tee -a terraform/dev.tfvars >>terraform/prod.tfvars
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for_port PORT LOG
wait_for_port() {
  for _ in $(seq 150); do
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.2
  done
  die "an emulator did not start:" "$(tail -n 5 "$FOLDER/logs/$2.log")"
}

tear_down() {
  local status=$? pid environment
  # A second signal must not interrupt the clean-up.
  trap '' INT TERM
  exec 9>&-
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  cd "$ROOT"
  for environment in dev prod; do scripts/test-database.sh stop "$FOLDER/database-$environment"; done
  if [[ $status == 0 && -z ${KEEP:-} ]]; then
    rm -rf "$FOLDER"
  else
    rm -rf "$FOLDER/registry" "$FOLDER/images"
    note "The logs are in $FOLDER/logs"
  fi
  exit "$status"
}
