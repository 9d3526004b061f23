"""Accounts: sign-ins against Argon2's own limit, a request with a token, reads beside sign-ins, refreshes, the start of a
Lambda program with both secrets, and sign-ins with known and with unknown logins."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import lambda_program
from comparison import compared, processor_ms
from contestants import FLOOR, SERVICE, Contestant, Server
from database import Database
from http_load import ROWS
from runtime_api import RuntimeApi
from scene import ISSUER, PEOPLE, UNLIMITED, WRONG, Scene, load, make_administrator

# As many as sign in at once: each core has a hash, and others wait.
SIGNING_IN = 16
READING = 32
STEADY_RATE = 500
LOGINS = 1000


def measure(
    database: Database, contestants: list[Contestant], seconds: float, rounds: int, logins: int, logs: Path
) -> dict:
    """Everything on one database."""
    service, floor = (next(one for one in contestants if one.name == name) for name in (SERVICE, FLOOR))
    database.reset(ROWS)
    with tempfile.TemporaryDirectory(prefix="users-bench-") as folder:
        keys = Path(folder, "signing-keys.json")
        variables = {"ACCESS": "tokens", "TOKEN_ISSUER": ISSUER, "SIGNING_KEYS_FILE": str(keys), **UNLIMITED}
        make_administrator(service, database, variables)
        scene = Scene(Server(service, database, logs, variables, "/health"), Path(folder))
        others = []
        try:
            scene.settle_in()
            public = {"TOKEN_KEYS": str(scene.public_keys()), "TOKEN_ISSUER": ISSUER}
            others = [Server(floor, database, logs, public, "/health"), Server(service, database, logs, {}, "/health")]
            return {
                "database": database.title,
                "reads": reads(scene, *others, seconds, rounds),
                "sign_ins": sign_ins(scene, floor, seconds, rounds),
                "steady": steady(scene, seconds, rounds),
                "refreshes": refreshes(scene, seconds, rounds),
                "logins": logins_compared(scene, logins),
                "starts": starts(scene, service, database, keys, rounds),
            }
        finally:
            for server in [scene.server, *others]:
                server.stop()


def reads(scene: Scene, floor: Server, opened: Server, seconds: float, rounds: int) -> list[dict]:
    """`GET` of a user with a token, here and by the floor, and without one."""
    print("  reads with a token", flush=True)
    samples = []
    for number in range(rounds):
        token = scene.tokens("root")["access_token"]
        for name, server, sent in (("with a token", scene.server, token), ("floor", floor, token), ("without", opened, "")):
            if number == 0:
                load(server, "get", READING, 1, token=sent)
            samples.append({"who": name, "round": number, **load(server, "get", READING, seconds, token=sent)})
    return samples


def sign_ins(scene: Scene, floor: Contestant, seconds: float, rounds: int) -> list[dict]:
    """Sign-ins, in turn with hashes alone on as many threads as the machine has cores."""
    print("  sign-ins", flush=True)
    scene.load("sign_in", SIGNING_IN, 1, PEOPLE)
    samples = []
    for number in range(rounds):
        command = [floor.executable, "hash", str(seconds), str(os.cpu_count())]
        hashes = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        before = processor_ms(scene.server)
        sample = scene.load("sign_in", SIGNING_IN, seconds, PEOPLE)
        processor = {"sign_in_ms": (processor_ms(scene.server) - before) / sample["requests"], "hash_ms": os.cpu_count() * 1000 / hashes}
        samples.append({"round": number, "hashes": hashes, **processor, **sample})
    return samples


def steady(scene: Scene, seconds: float, rounds: int) -> list[dict]:
    """Reads at a steady rate, alone and beside as many sign-ins as the service takes."""
    print(f"  {STEADY_RATE} reads a second, beside sign-ins", flush=True)
    samples = []
    for number in range(rounds):
        token = scene.tokens("root")["access_token"]
        for beside in (False, True):
            command = ["wrk", "--threads", "1", "--connections", str(SIGNING_IN), "--duration", f"{round(seconds) + 2}s", "--timeout", "30s"]
            command += ["--script", str(Path(__file__).with_name("load.lua")), f"http://127.0.0.1:{scene.server.port}", "--", "sign_in", "1", str(PEOPLE)]
            storm = subprocess.Popen(command, stdout=subprocess.DEVNULL) if beside else None
            time.sleep(1 if beside else 0)
            samples.append({"beside": beside, "round": number, **scene.load("steady_get", READING, seconds, STEADY_RATE / READING, token)})
            if storm:
                storm.wait()
    return samples


def refreshes(scene: Scene, seconds: float, rounds: int) -> list[dict]:
    """Each refresh presents a token that an earlier one has answered with."""
    print("  refreshes", flush=True)
    samples = []
    for number in range(rounds):
        # Some are in use and some wait, so that none is presented twice.
        tokens = [scene.tokens(f"person{place % PEOPLE}")["refresh_token"] for place in range(2 * READING)]
        file = scene.folder / "refresh-tokens"
        file.write_text("\n".join(tokens))
        samples.append({"round": number, **scene.load("refresh", READING, seconds, file)})
    return samples


def logins_compared(scene: Scene, logins: int) -> dict:
    """Sign-ins with a wrong password; most of the processor time is the hash."""
    print(f"  {logins} known and {logins} unknown logins", flush=True)

    def sign_in(kind: str, number: int) -> None:
        login = f"{'person' if kind == 'known' else 'nobody'}{number % PEOPLE}"
        status, _ = scene.sign_in(login, WRONG)
        if status != 401:
            raise SystemExit(f"error: a wrong password for {login} was answered with {status}")

    return compared(scene.server, logins, sign_in)


def starts(scene: Scene, service: Contestant, database: Database, keys: Path, rounds: int) -> list[float]:
    """Milliseconds from spawn to the first answer, to a request with a token, with the secrets of database and keys."""
    print("  starts as a Lambda program", flush=True)
    api = RuntimeApi(database)
    api.secrets["prod/signing-keys"] = keys.read_text()
    api.token = scene.tokens("root")["access_token"]
    variables = {"ACCESS": "tokens", "TOKEN_ISSUER": ISSUER}
    found = [lambda_program.run(api, service, database, 1, lambda_program.AS_IN_AWS, variables=variables)[0] for _ in range(rounds * 5)]
    api.shutdown()
    return found
