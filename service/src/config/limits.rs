//! How often something may be tried, and whose word is taken for the address that it is counted for.

use super::reader::Reader;
use super::setting::{Setting, settings};
use crate::limits::{Limit, Rate};
use crate::trusted_proxies::TrustedProxies;

settings! {
    SIGN_IN_LIMIT = "10/15m", "Failed sign-ins for one login from one IP address, at most, in which time";
    SIGN_IN_IP_LIMIT = "300/15m", "Failed sign-ins from one IP address, whatever the login";
    SIGN_IN_LOGIN_LIMIT = "100/24h",
        "Failed sign-ins for one login from anywhere; past it, only addresses that signed in before are served";
    SIGN_UP_LIMIT = "60/1h", "New users from one IP address, with SIGN_UP=open";
    CONFIRM_LIMIT = "60/1h", "One-time tokens tried from one IP address";
    MAIL_IP_LIMIT = "60/1h", "Links for email verification or password reset requested from one IP address";
    MAIL_HOURLY_LIMIT = "3/1h", "Mails with a link to one recipient, in any such time";
    MAIL_DAILY_LIMIT = "10/24h", "The same in a longer time";
    REQUEST_LIMIT = "off", "Requests a minute of one user or IP address, in this process of serve, or off";
    TRUSTED_PROXIES = "none",
        "Addresses and networks of proxies whose X-Forwarded-For or Forwarded tells the client's IP address";
}

/// Every limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a login and an IP address together: failed sign-ins.
    pub sign_in: Limit,
    /// For an IP address: failed sign-ins.
    pub sign_in_ip: Limit,
    /// For a login: failed sign-ins.
    pub sign_in_login: Limit,
    /// For an IP address: new users by open sign-up.
    pub sign_up: Limit,
    /// For an IP address: one-time tokens.
    pub confirm: Limit,
    /// For an IP address: links that are asked for.
    pub mail_ip: Limit,
    /// For a recipient: mails with a link.
    pub mail_hourly: Limit,
    /// For a recipient: mails with a link, in a longer time.
    pub mail_daily: Limit,
    /// For a user or an IP address: requests to this process.
    pub requests: Option<Limit>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Limits> {
    let mut limit =
        |setting: &'static Setting, name| Some(reader.get(setting).parsed::<Rate>(Rate::FORM)?.named(name));
    let sign_in = limit(&SIGN_IN_LIMIT, "sign-in");
    let sign_in_ip = limit(&SIGN_IN_IP_LIMIT, "sign-in-ip");
    let sign_in_login = limit(&SIGN_IN_LOGIN_LIMIT, "sign-in-login");
    let sign_up = limit(&SIGN_UP_LIMIT, "sign-up");
    let confirm = limit(&CONFIRM_LIMIT, "confirm");
    let mail_ip = limit(&MAIL_IP_LIMIT, "mail-ip");
    let mail_hourly = limit(&MAIL_HOURLY_LIMIT, "mail-hourly");
    let mail_daily = limit(&MAIL_DAILY_LIMIT, "mail-daily");
    let mut requests = reader.get(&REQUEST_LIMIT);
    let requests = if requests.is("off") {
        Some(None)
    } else {
        let amount = requests.in_range(1..=60_000).and_then(|amount| u32::try_from(amount).ok());
        amount.and_then(Rate::a_minute).map(|rate| Some(rate.named("requests")))
    };
    Some(Limits {
        sign_in: sign_in?,
        sign_in_ip: sign_in_ip?,
        sign_in_login: sign_in_login?,
        sign_up: sign_up?,
        confirm: confirm?,
        mail_ip: mail_ip?,
        mail_hourly: mail_hourly?,
        mail_daily: mail_daily?,
        requests: requests?,
    })
}

pub(super) fn trusted_proxies(reader: &mut Reader<'_>) -> Option<TrustedProxies> {
    reader.get(&TRUSTED_PROXIES).parsed(TrustedProxies::FORM)
}
