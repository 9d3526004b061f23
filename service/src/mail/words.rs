//! The words of mails, in each language.

use super::letter::{Facts, Letter, Link, Topic};
use super::{LinkKind, Notice};

pub(super) fn english(facts: &Facts<'_>, topic: &Topic<'_>) -> Letter {
    let greeting = facts.username.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
    let site = facts.site;
    match topic {
        Topic::Link(kind, link) => english_link(*kind, link, site, greeting),
        Topic::Notice(notice) => {
            let (subject, what) = match notice {
                Notice::AddressChanged => ("Your e-mail address was changed", "e-mail address"),
                Notice::PasswordChanged => ("Your password was changed", "password"),
            };
            let message = format!("The {what} of your account at {site} was changed.");
            let note = "If it was not you, tell those who run the service at once.";
            Letter { subject, greeting, message, button: None, notes: vec![note.to_owned()] }
        }
    }
}

fn english_link(kind: LinkKind, link: &Link<'_>, site: &str, greeting: String) -> Letter {
    let until = link.expires_at.format("%-d %B %Y, %H:%M UTC");
    let (subject, message, button, otherwise) = match kind {
        LinkKind::Verification => (
            "Confirm your e-mail address",
            format!("Please confirm that this is the e-mail address of your account at {site}."),
            "Confirm the address",
            "If you have no such account, ignore this mail: nothing will happen.",
        ),
        LinkKind::Reset => (
            "Set a new password",
            format!("Somebody asked for a new password for your account at {site}. Set it here:"),
            "Set a new password",
            "If it was not you, ignore this mail: your password stays as it is.",
        ),
        LinkKind::Invitation => (
            "You have been invited",
            format!("An account was made for you at {site}. Choose a password to use it:"),
            "Choose a password",
            "If you do not expect this, ignore this mail: nothing will happen.",
        ),
    };
    let notes = vec![format!("The link works once, until {until}."), otherwise.to_owned()];
    Letter { subject, greeting, message, button: Some(button), notes }
}

pub(super) fn german(facts: &Facts<'_>, topic: &Topic<'_>) -> Letter {
    let greeting =
        facts.username.map_or_else(|| "Guten Tag,".to_owned(), |name| format!("Guten Tag {name},"));
    let site = facts.site;
    match topic {
        Topic::Link(kind, link) => german_link(*kind, link, site, greeting),
        Topic::Notice(notice) => {
            let (subject, what) = match notice {
                Notice::AddressChanged => ("Ihre E-Mail-Adresse wurde geändert", "Die E-Mail-Adresse"),
                Notice::PasswordChanged => ("Ihr Passwort wurde geändert", "Das Passwort"),
            };
            let message = format!("{what} Ihres Kontos bei {site} wurde geändert.");
            let note = "Wenn Sie das nicht waren, wenden Sie sich sofort an die Betreiber des Dienstes.";
            Letter { subject, greeting, message, button: None, notes: vec![note.to_owned()] }
        }
    }
}

fn german_link(kind: LinkKind, link: &Link<'_>, site: &str, greeting: String) -> Letter {
    let until = link.expires_at.format("%d.%m.%Y, %H:%M Uhr (UTC)");
    let (subject, message, button, otherwise) = match kind {
        LinkKind::Verification => (
            "Bestätigen Sie Ihre E-Mail-Adresse",
            format!("Bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {site} ist."),
            "Adresse bestätigen",
            "Wenn Sie kein solches Konto haben, ignorieren Sie diese Mail. Es geschieht dann nichts.",
        ),
        LinkKind::Reset => (
            "Neues Passwort festlegen",
            format!("Für Ihr Konto bei {site} wurde ein neues Passwort angefordert. Hier legen Sie es fest:"),
            "Neues Passwort festlegen",
            "Wenn Sie das nicht waren, ignorieren Sie diese Mail. Ihr Passwort bleibt, wie es ist.",
        ),
        LinkKind::Invitation => (
            "Sie wurden eingeladen",
            format!("Für Sie wurde ein Konto bei {site} angelegt. Wählen Sie ein Passwort, um es zu nutzen:"),
            "Passwort wählen",
            "Wenn Sie das nicht erwarten, ignorieren Sie diese Mail. Es geschieht dann nichts.",
        ),
    };
    let notes = vec![format!("Der Link gilt einmal, bis {until}."), otherwise.to_owned()];
    Letter { subject, greeting, message, button: Some(button), notes }
}
