"""Accounts: sign-ins against Argon2's own limit, a request with a token, reads beside sign-ins, refreshes, the start of a
Lambda program with both secrets, and sign-ins with known and with unknown logins."""

import http.client
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import lambda_program
from contestants import FLOOR, SERVICE, Contestant, Server
from database import Database
from http_load import ROWS, wrk
from runtime_api import RuntimeApi

PEOPLE = 50
# As many as sign in at once: each core has a hash, and others wait.
SIGNING_IN = 16
READING = 32
STEADY_RATE = 500
LOGINS = 1000
PASSWORD, WRONG = "a swan by the harbour", "seven lanterns in fog"
# HTTPS, as in AWS. Nobody connects to it.
ISSUER = "https://users.example.com"
UNLIMITED = {name: "1000000/1h" for name in ("SIGN_IN_LIMIT", "SIGN_IN_IP_LIMIT", "SIGN_IN_LOGIN_LIMIT")}


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
                "logins": compared(scene, logins),
                "starts": starts(scene, service, database, keys, rounds),
            }
        finally:
            for server in [scene.server, *others]:
                server.stop()


def make_administrator(service: Contestant, database: Database, variables: dict[str, str]) -> None:
    command = [service.executable, "create-admin", "--username", "root", "--email", "root@example.com"]
    environment = service.environment(database) | variables
    subprocess.run(command, env=environment, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Scene:
    """A server with `ACCESS=tokens`, its people, and a folder for what wrk reads."""

    def __init__(self, server: Server, folder: Path):
        self.server, self.folder = server, folder
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def call(self, method: str, path: str, body: dict | None = None, token: str = "") -> tuple[int, dict]:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def sign_in(self, login: str, password: str = PASSWORD) -> tuple[int, dict]:
        return self.call("POST", "/sessions", {"login": login, "password": password})

    def tokens(self, login: str) -> dict:
        status, tokens = self.sign_in(login)
        if status != 201:
            raise SystemExit(f"error: {login} cannot sign in: {status} {tokens}")
        return tokens

    def settle_in(self) -> None:
        """Adds the people."""
        token = self.tokens("root")["access_token"]
        for number in range(PEOPLE):
            person = {"username": f"person{number}", "email": f"person{number}@example.com", "password": PASSWORD}
            status, answer = self.call("POST", "/users", person, token)
            if status != 201:
                raise SystemExit(f"error: person{number} cannot be added: {status} {answer}")

    def public_keys(self) -> Path:
        file = self.folder / "jwks.json"
        file.write_text(json.dumps(self.call("GET", "/.well-known/jwks.json")[1]))
        return file

    def load(self, scenario: str, connections: int, seconds: float, argument: object = "", token: str = "") -> dict:
        return load(self.server, scenario, connections, seconds, argument, token)


def load(server: Server, scenario: str, connections: int, seconds: float, argument: object = "", token: str = "") -> dict:
    result = wrk(server.port, scenario, ROWS, connections, seconds, (str(argument),), token)
    server.forget_log()
    return result


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
        samples.append({"round": number, "hashes": hashes, **scene.load("sign_in", SIGNING_IN, seconds, PEOPLE)})
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


def compared(scene: Scene, logins: int) -> dict:
    """As many sign-ins with a wrong password for known as for unknown logins, in turn: milliseconds of each, and of the
    process's processor time in all, most of which is the hash."""
    print(f"  {logins} known and {logins} unknown logins", flush=True)
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    processor = dict.fromkeys(times, 0.0)
    for number in range(logins):
        for kind, login in (("known", f"person{number % PEOPLE}"), ("unknown", f"nobody{number % PEOPLE}")):
            used, begun = processor_ms(scene.server), time.perf_counter()
            status, _ = scene.sign_in(login, WRONG)
            times[kind].append((time.perf_counter() - begun) * 1000)
            processor[kind] += processor_ms(scene.server) - used
            if status != 401:
                raise SystemExit(f"error: a wrong password for {login} was answered with {status}")
    cuts = {kind: [quantiles(found, n=100)[place] for place in (9, 49, 89, 98)] for kind, found in times.items()}
    return {
        "attempts": logins,
        "percentiles": cuts,
        "processor_ms": {kind: used / logins for kind, used in processor.items()},
        **mann_whitney(times["known"], times["unknown"]),
    }


def processor_ms(server: Server) -> float:
    """What the process has used so far, in whole ticks of the kernel."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def mann_whitney(known: list[float], unknown: list[float]) -> dict[str, float]:
    """How often a known login takes longer than an unknown one, 0.5 if they are alike; and by how many standard errors of the
    rank sum that differs from 0.5. Ties are as good as impossible."""
    ranked = sorted([(value, True) for value in known] + [(value, False) for value in unknown])
    ranks = sum(place for place, (_, is_known) in enumerate(ranked, 1) if is_known)
    ones, others = len(known), len(unknown)
    wins = ranks - ones * (ones + 1) / 2
    deviation = (ones * others * (ones + others + 1) / 12) ** 0.5
    return {"longer": wins / (ones * others), "z": (wins - ones * others / 2) / deviation}


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
