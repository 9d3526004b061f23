"""The section of the report about mail."""

from accounts_report import comparison, row
from figures import of, rows_where, shown


def mail_section(part: dict) -> str:
    text = """
## Mail

With `MAIL=smtp` and a server on this machine (aiosmtpd). To ask for a link (`POST /password-resets`) and to create a user without
accounts take turns, each on one connection; meanwhile that server keeps its answers back, so that the mails wait. *Drained* is the rate at
which it then takes what has gathered in the outbox, from the first mail to the last, all to one domain. Links for known and for unknown logins are
asked for in turn on one connection; the processor time includes that of the job, which sends the mails to known ones.
"""
    for database in part["databases"]:
        text += f"\n### Mail on {database['database']}\n\n"
        text += "| what | a second | p50 ms | p99 ms | p99.9 ms | errors |\n|---|---:|---:|---:|---:|---:|\n"
        for what, title in (("ask", "ask for a link"), ("create", "create a user")):
            text += row(title, rows_where(database["accepted"], what=what))
        drained = database["drained"]
        text += f"| drained, {shown(of(drained, 'mails'))} mails | {shown(of(drained, 'rate'))} | | | | |\n"
        text += comparison("links asked for", database["asked"])
    return text
