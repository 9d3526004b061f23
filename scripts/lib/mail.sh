# Mail of an environment with mail = "ses". Source it after environment.sh.
# shellcheck shell=bash

# mail_status: what SES says of the domain, such as SUCCESS or PENDING.
mail_status() {
  aws sesv2 get-email-identity --email-identity "$(tfvar mail_domain "")" --query VerificationStatus --output text
}

# mail_state: the same for people.
mail_state() {
  local domain status
  domain=$(tfvar mail_domain "")
  status=$(mail_status) || die "what SES knows of $domain cannot be read; the reason is above"
  case $status in
    SUCCESS) echo "from $domain, which SES has verified" ;;
    *) echo "from $domain, which SES has not verified yet ($status): make its DNS records (docs/mail.md)" ;;
  esac
}
