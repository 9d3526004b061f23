//! The words of mails, in each language.

use super::Kind;
use super::letter::{Facts, Letter};

pub(super) fn english(kind: Kind, facts: &Facts<'_>) -> Letter {
    let site = facts.site;
    let until = facts.expires_at.format("%-d %B %Y, %H:%M UTC");
    let (subject, message, button, otherwise) = match kind {
        Kind::Verification => (
            "Confirm your e-mail address",
            format!("Please confirm that this is the e-mail address of your account at {site}."),
            "Confirm the address",
            "If you have no such account, ignore this mail: nothing will happen.",
        ),
        Kind::Reset => (
            "Set a new password",
            format!("Somebody asked for a new password for your account at {site}. Set it here:"),
            "Set a new password",
            "If it was not you, ignore this mail: your password stays as it is.",
        ),
        Kind::Invitation => (
            "You have been invited",
            format!("An account was made for you at {site}. Choose a password to use it:"),
            "Choose a password",
            "If you do not expect this, ignore this mail: nothing will happen.",
        ),
    };
    Letter {
        subject,
        greeting: facts.username.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},")),
        message,
        button,
        notes: [format!("The link works once, until {until}."), otherwise.to_owned()],
    }
}

pub(super) fn german(kind: Kind, facts: &Facts<'_>) -> Letter {
    let site = facts.site;
    let until = facts.expires_at.format("%d.%m.%Y, %H:%M Uhr (UTC)");
    let (subject, message, button, otherwise) = match kind {
        Kind::Verification => (
            "Bestätigen Sie Ihre E-Mail-Adresse",
            format!("Bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {site} ist."),
            "Adresse bestätigen",
            "Wenn Sie kein solches Konto haben, ignorieren Sie diese Mail. Es geschieht dann nichts.",
        ),
        Kind::Reset => (
            "Neues Passwort festlegen",
            format!("Für Ihr Konto bei {site} wurde ein neues Passwort angefordert. Hier legen Sie es fest:"),
            "Neues Passwort festlegen",
            "Wenn Sie das nicht waren, ignorieren Sie diese Mail. Ihr Passwort bleibt, wie es ist.",
        ),
        Kind::Invitation => (
            "Sie wurden eingeladen",
            format!("Für Sie wurde ein Konto bei {site} angelegt. Wählen Sie ein Passwort, um es zu nutzen:"),
            "Passwort wählen",
            "Wenn Sie das nicht erwarten, ignorieren Sie diese Mail. Es geschieht dann nichts.",
        ),
    };
    Letter {
        subject,
        greeting: facts.username.map_or_else(|| "Guten Tag,".to_owned(), |name| format!("Guten Tag {name},")),
        message,
        button,
        notes: [format!("Der Link gilt einmal, bis {until}."), otherwise.to_owned()],
    }
}
