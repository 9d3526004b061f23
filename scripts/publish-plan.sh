#!/usr/bin/env bash
# Publishes on GitHub what `make plan` has planned for an environment. For the workflows; GH_TOKEN and GITHUB_… are GitHub's.
#   publish-plan.sh summary ENV          in the summary of the workflow's run
#   publish-plan.sh comment ENV NUMBER   in one comment of that pull request, which each further plan replaces
#   publish-plan.sh issue ENV            in an issue, if what runs differs from the configuration; else closes that issue
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

main() {
  local usage="usage: publish-plan.sh summary|comment|issue ENV [NUMBER]"
  WHERE=${1:?$usage} ENV=${2:?$usage}
  MARK="<!-- plan of $ENV -->" TITLE="$ENV differs from its configuration"
  [[ $WHERE == summary ]] || need gh "install the GitHub CLI: https://cli.github.com"
  read_plan
  case $WHERE in
    summary) printf '%s\n' "$BODY" >>"$GITHUB_STEP_SUMMARY" ;;
    comment) comment "${3:?$usage}" ;;
    issue) issue ;;
    *) die "$usage" ;;
  esac
}

# GitHub takes comments of up to 65,536 characters.
read_plan() {
  local plan limit=60000
  plan=$(TF_DATA_DIR=.terraform/$ENV terraform -chdir=terraform show -no-color "$ENV.tfplan")
  SUMMARY=$(grep -E '^(Plan:|No changes)' <<<"$plan" | head -n 1 || echo "Outputs only")
  if ((${#plan} > limit)); then plan="${plan:0:limit}"$'\n… cut here; the whole plan is in the log of the workflow'; fi
  # shellcheck disable=SC2016 # the backquotes are GitHub's
  BODY=$(printf '%s\n**Plan of %s:** %s\n\n<details><summary>Show it</summary>\n\n```\n%s\n```\n\n</details>\n' \
    "$MARK" "$ENV" "$SUMMARY" "$plan")
}

comment() {
  local comment
  comment=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$1/comments" |
    jq -r --arg mark "$MARK" '.[] | select(.user.type == "Bot" and (.body | startswith($mark))) | .id' | head -n 1)
  if [[ -n $comment ]]; then
    send PATCH "issues/comments/$comment"
  else
    send POST "issues/$1/comments"
  fi
}

issue() {
  local open
  open=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues?state=open&creator=github-actions%5Bbot%5D" |
    jq -r --arg title "$TITLE" '.[] | select(.title == $title) | .number' | head -n 1)
  case $SUMMARY in
    "No changes"*) [[ -z $open ]] || send PATCH "issues/$open" '.state = "closed"' ;;
    *) if [[ -n $open ]]; then send PATCH "issues/$open"; else send POST issues; fi ;;
  esac
}

# send METHOD PATH [JQ-CHANGE]: the plan, and the title where it is an issue's own.
send() {
  local request
  request=$(jq -n --arg body "$BODY" --arg title "$TITLE" --arg where "$WHERE" \
    '{$body} + (if $where == "issue" then {$title} else {} end) | '"${3:-.}")
  gh api --method "$1" "repos/$GITHUB_REPOSITORY/$2" --input - >/dev/null <<<"$request"
}

main "$@"
