"""Mail: what it takes to accept that a link is asked for, how fast the outbox drains into a server on this machine, and
whether an answer tells that somebody has a login."""

import tempfile
import time
from pathlib import Path

from comparison import compared
from contestants import SERVICE, Contestant, Server
from database import Database
from http_load import ROWS
from mail_sink import MailSink
from scene import ISSUER, PEOPLE, UNLIMITED, Scene, load, make_administrator

# One request after another: what one takes, not what is left of the cores beside the mails that are sent.
ASKING = 1
# How many links are asked for in place of each sign-in: they take a twentieth of the time, and the more there are the less chance is in
# the medians.
LINKS = 10
# Seconds that the outbox may take to drain.
DRAINED_WITHIN = 120


def measure(database: Database, contestants: list[Contestant], seconds: float, rounds: int, logins: int, logs: Path) -> dict:
    """Everything on one database."""
    service = next(one for one in contestants if one.name == SERVICE)
    database.reset(ROWS)
    sink, servers = MailSink(), []
    with tempfile.TemporaryDirectory(prefix="users-bench-") as folder:
        variables = {"ACCESS": "tokens", "TOKEN_ISSUER": ISSUER, "SIGNING_KEYS_FILE": f"{folder}/signing-keys.json", **UNLIMITED}
        variables |= {"MAIL": "smtp", "SMTP_URL": f"smtp://127.0.0.1:{sink.port}", "PUBLIC_URL": ISSUER, "MAIL_FROM": "no-reply@example.com"}
        make_administrator(service, database, variables)
        try:
            servers = [Server(service, database, logs, variables, "/health"), Server(service, database, logs, {}, "/health")]
            scene = Scene(servers[0], Path(folder))
            scene.settle_in()
            return {
                "database": database.title,
                "accepted": accepted(database, sink, scene, servers[1], seconds, rounds),
                "drained": [drained(database, sink, scene) for _ in range(rounds)],
                "asked": asked(scene, logins * LINKS),
            }
        finally:
            sink.stop()
            for server in servers:
                server.stop()


def accepted(database: Database, sink: MailSink, scene: Scene, opened: Server, seconds: float, rounds: int) -> list[dict]:
    """Asking for links, in turn with creating users. The mails wait meanwhile."""
    print("  links that are asked for", flush=True)
    samples = []
    for number in range(rounds):
        sink.is_holding = True
        samples.append({"what": "ask", "round": number, **scene.load("reset", ASKING, seconds, PEOPLE)})
        drain(database, sink)
        samples.append({"what": "create", "round": number, **load(opened, "create", ASKING, seconds)})
        # The next sample takes the same names.
        database.run("delete from users where username like 'new%%'")
    return samples


def drained(database: Database, sink: MailSink, scene: Scene) -> dict:
    """Mails a second, from the first that is taken to the last."""
    print("  mails that wait", flush=True)
    sink.is_holding = True
    scene.load("reset", ASKING, 1, PEOPLE)
    sink.taken.clear()
    drain(database, sink)
    return {"mails": len(sink.taken), "rate": (len(sink.taken) - 1) / (sink.taken[-1] - sink.taken[0])}


def drain(database: Database, sink: MailSink) -> None:
    sink.is_holding = False
    end = time.monotonic() + DRAINED_WITHIN
    while database.value("select count(*) from mails"):
        if time.monotonic() > end:
            raise SystemExit(f"error: after {DRAINED_WITHIN} seconds there are still mails in the outbox")
        time.sleep(0.05)


def asked(scene: Scene, logins: int) -> dict:
    """Links for logins that somebody has, and for others."""
    print(f"  links for {logins} known and {logins} unknown logins", flush=True)
    # It has been idle while mails were drained, and the service closes what is idle; http.client opens it again.
    scene.connection.close()

    def ask(kind: str, number: int) -> None:
        login = f"{'person' if kind == 'known' else 'nobody'}{number % PEOPLE}"
        status, _ = scene.call("POST", "/password-resets", {"login": login})
        if status != 202:
            raise SystemExit(f"error: a link for {login} was answered with {status}")

    return compared(scene.server, logins, ask)
