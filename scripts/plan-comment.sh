#!/usr/bin/env bash
# Writes an environment's plan into one comment of a pull request, which each further plan replaces.
#   plan-comment.sh ENV NUMBER       after `make plan ENV=…`; GH_TOKEN and GITHUB_REPOSITORY are GitHub's
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

environment=${1:?usage: plan-comment.sh ENV NUMBER} number=${2:?usage: plan-comment.sh ENV NUMBER}
need gh "install the GitHub CLI: https://cli.github.com"
readonly LIMIT=60000 MARK="<!-- plan of $environment -->"

plan=$(TF_DATA_DIR=.terraform/$environment terraform -chdir=terraform show -no-color "$environment.tfplan")
summary=$(grep -E '^(Plan:|No changes)' <<<"$plan" | head -n 1 || echo "Outputs only")
# GitHub takes comments of up to 65,536 characters.
if ((${#plan} > LIMIT)); then plan="${plan:0:LIMIT}"$'\n… cut here; the whole plan is in the log of the workflow'; fi
# shellcheck disable=SC2016 # the backquotes are GitHub's
body=$(printf '%s\n**Plan of %s:** %s\n\n<details><summary>Show it</summary>\n\n```\n%s\n```\n\n</details>\n' \
  "$MARK" "$environment" "$summary" "$plan")

comment=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments" |
  jq -r --arg mark "$MARK" '.[] | select(.user.type == "Bot" and (.body | startswith($mark))) | .id' | head -n 1)
if [[ -n $comment ]]; then
  jq -n --arg body "$body" '{$body}' | gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$comment" --input - >/dev/null
else
  jq -n --arg body "$body" '{$body}' | gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" --input - >/dev/null
fi
