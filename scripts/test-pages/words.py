"""What the pages say, as far as it is looked for: of the outcomes the beginning."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    title: str
    button: str
    done: str
    password: str
    show: str
    refused: str
    invalid: str
    later: str
    no_script: str


ENGLISH = {
    "password": "New password",
    "show": "Show the password",
    "refused": "This password cannot be taken. It must have at least 15 characters",
    "invalid": "This link is used, too old or incomplete.",
    "later": "That did not work just now.",
    "no_script": "This page needs JavaScript.",
}
GERMAN = {
    "password": "Neues Passwort",
    "show": "Passwort anzeigen",
    "refused": "Dieses Passwort geht nicht.",
    "invalid": "Dieser Link ist verbraucht, zu alt oder unvollständig.",
    "later": "Das hat gerade nicht geklappt.",
    "no_script": "Diese Seite braucht JavaScript.",
}
LANGUAGES = {
    "en": {
        "/verify-email": Words(
            "Confirm your e-mail address", "Confirm the address", "Thank you. Your address is confirmed.", **ENGLISH),
        "/reset-password": Words("Set a new password", "Set the password", "Your new password is set.", **ENGLISH),
        "/accept-invitation": Words("Welcome", "Set the password", "Your password is set.", **ENGLISH),
    },
    "de": {
        "/verify-email": Words(
            "E-Mail-Adresse bestätigen", "Adresse bestätigen", "Vielen Dank. Ihre Adresse ist bestätigt.", **GERMAN),
        "/reset-password": Words(
            "Neues Passwort festlegen", "Passwort festlegen", "Ihr neues Passwort ist festgelegt.", **GERMAN),
        "/accept-invitation": Words("Willkommen", "Passwort festlegen", "Ihr Passwort ist festgelegt.", **GERMAN),
    },
}
