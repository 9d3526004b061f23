//! What mails there are.

use crate::one_time_tokens::Purpose;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has a link.
    Link(LinkKind),
    /// It tells what was done to the account.
    Notice(Notice),
    /// It is none yet: somebody asked for a link for a login, and whether anybody has that is still to be found out.
    Requested(RequestedLink),
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// To prove an address.
    Verification,
    /// To set a password that was forgotten.
    Reset,
    /// To set a first password.
    Invitation,
}

/// A link that anybody may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestedLink {
    /// To prove an address.
    Verification,
    /// To set a password that was forgotten.
    Reset,
}

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The address was changed. It goes to the one before.
    AddressChanged,
    /// The password was changed.
    PasswordChanged,
}

impl Kind {
    /// Each of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Link(LinkKind::Verification),
        Self::Link(LinkKind::Reset),
        Self::Link(LinkKind::Invitation),
        Self::Requested(RequestedLink::Verification),
        Self::Requested(RequestedLink::Reset),
        Self::Notice(Notice::AddressChanged),
        Self::Notice(Notice::PasswordChanged),
    ];

    /// The kind that the database holds; `None` for one of another release.
    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Link(kind) => kind.as_str(),
            Self::Notice(Notice::AddressChanged) => "address_changed",
            Self::Notice(Notice::PasswordChanged) => "password_changed",
            Self::Requested(RequestedLink::Verification) => "asked_verification",
            Self::Requested(RequestedLink::Reset) => "asked_reset",
        }
    }
}

impl LinkKind {
    /// Its name, which is that of its token's purpose.
    pub(crate) const fn as_str(self) -> &'static str {
        self.purpose().as_str()
    }

    /// What the token in the link is for.
    pub(crate) const fn purpose(self) -> Purpose {
        match self {
            Self::Verification => Purpose::Verification,
            Self::Reset => Purpose::Reset,
            Self::Invitation => Purpose::Invitation,
        }
    }
}

impl From<RequestedLink> for LinkKind {
    fn from(asked: RequestedLink) -> Self {
        match asked {
            RequestedLink::Verification => Self::Verification,
            RequestedLink::Reset => Self::Reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_stored_as_words() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_stored(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::from_stored("newsletter"), None);
    }
}
