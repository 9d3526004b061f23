"""The section of the report about accounts."""

from figures import errors_of, figure, of, rows_where, shown

PERCENTILES = ("p10", "p50", "p90", "p99")


def accounts_section(part: dict) -> str:
    text = """
## Accounts

With `ACCESS=tokens`. A sign-in is a hash of Argon2id with the default parameters and its statements; 16 connections sign in as 50 users.
*Argon2 alone* is the floor's `hash`: the same library and parameters on as many threads as there are cores, without a server. Of reads
on 32 connections those with a token make one statement more, and so does the floor, which verifies the token as well. *Beside
sign-ins* is a read with a token at a steady 500 a second on 32 connections, while as many sign-ins come as the service takes. A
refresh presents the token that an earlier one was answered with. Sign-ins with a wrong password for known and for unknown logins
take turns on one connection; a test counts their hashes (`accounts/signing_in.rs`), this page their processor time. A start is that of
the Lambda program, with the secrets of the database and of the keys, verified TLS and Amazon's authorities, to the answer of `GET /users/1`
with a token.
"""
    for database in part["databases"]:
        text += f"\n### Accounts on {database['database']}\n\n" + rates(database) + processor(database["sign_ins"]) + comparison("wrong passwords", database["logins"])
        text += f"\nStart with a token and both secrets: {shown(figure(database['starts']), '.1f')} ms, {len(database['starts'])} starts.\n"
    return text


def rates(database: dict) -> str:
    text = "| what | a second | p50 ms | p99 ms | p99.9 ms | errors |\n|---|---:|---:|---:|---:|---:|\n"
    for who, title in (("with a token", "get with a token"), ("floor", "get with a token, floor"), ("without", "get without a token")):
        text += row(title, rows_where(database["reads"], who=who))
    text += row("sign-in", database["sign_ins"])
    text += f"| Argon2 alone | {shown(of(database['sign_ins'], 'hashes'), ',.1f')} | | | | |\n"
    text += row("refresh", database["refreshes"])
    for beside, title in ((False, "get at 500 a second, alone"), (True, "get at 500 a second, beside sign-ins")):
        text += row(title, rows_where(database["steady"], beside=beside))
    return text


def processor(sign_ins: list[dict]) -> str:
    """What a sign-in takes of the processor, without the database, which has the same cores."""
    alone, used = (of(sign_ins, column).middle for column in ("hash_ms", "sign_in_ms"))
    return (
        f"\nOf the processor's time a sign-in takes {used:.1f} ms in the service, a hash alone {alone:.1f} ms: {alone / used:.0%}. The rest of the "
        "distance between sign-ins and Argon2 alone is the database, which has the same cores.\n"
    )


def row(title: str, samples: list[dict]) -> str:
    times = " | ".join(f"{of(samples, column).middle:.2f}" for column in ("p50", "p99", "p999"))
    return f"| {title} | {shown(of(samples, 'rate'))} | {times} | {sum(map(errors_of, samples))} |\n"


def comparison(what: str, found: dict) -> str:
    """The table of what `compared` has found."""
    text = f"\n| {found['attempts']:,} {what}, ms | {' | '.join(PERCENTILES)} | processor, mean |\n|---|---:|---:|---:|---:|---:|\n"
    for kind in ("known", "unknown"):
        cuts = " | ".join(f"{value:.2f}" for value in found["percentiles"][kind])
        text += f"| {kind} login | {cuts} | {found['processor_ms'][kind]:.2f} |\n"
    return text + (
        f"\nA known login takes longer than an unknown one in {found['longer']:.1%} of all pairs (Mann–Whitney, z = {found['z']:.1f}; 50 % is no "
        "difference).\n"
    )
