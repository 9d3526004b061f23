"""A mail server for the tests: takes mails, reads them with Python's library, and behaves badly to some recipients.

  smtp_server.py [starttls|tls AUTHORITY]

With TLS, from the first octet or by STARTTLS, it has a certificate for localhost from an authority of its own, whose certificate
it writes to AUTHORITY. It prints its port, and then a line of JSON for each mail that it has taken.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys
import tempfile
from datetime import datetime, timedelta, timezone

from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

seen = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name.startswith("refused"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        if name.startswith("greylisted") and ("rcpt", address) not in seen:
            seen.add(("rcpt", address))
            return "451 4.7.1 come again later"
        if name.startswith("deferred"):
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        headers = {name.lower(): str(value) for name, value in message.items()}
        print(json.dumps({"recipients": envelope.rcpt_tos, "sender": envelope.mail_from, "headers": headers, **body,
                          "defects": [str(defect) for defect in message.defects]}), flush=True)
        name = envelope.rcpt_tos[0].partition("@")[0]
        if name.startswith("dropped") and name not in seen:
            seen.add(name)
            server.transport.abort()
        if name.startswith("slow"):
            await asyncio.sleep(60)
        if name.startswith("late"):
            await asyncio.sleep(4)
        return "451 4.7.1 come again later" if name.startswith("unwanted") else "250 OK"


def certificate(name, issuer=None):
    """A certificate and its key: of an authority, or from one for a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing_key = issuer or (None, key)
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return builder.sign(signing_key, hashes.SHA256()), key


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def tls(authority_file):
    """What a server speaks TLS with; whoever trusts the authority in the file trusts it."""
    authority = certificate("authority.example")
    own, key = certificate("localhost", authority)
    with open(authority_file, "wb") as file:
        file.write(pem(authority[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem(own))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def main():
    loop = asyncio.get_running_loop()
    mode = sys.argv[1] if len(sys.argv) > 1 else None
    context = tls(sys.argv[2]) if mode else None
    options = {"tls_context": context, "require_starttls": True} if mode == "starttls" else {}
    server = await loop.create_server(
        lambda: SMTP(Handler(), enable_SMTPUTF8=False, loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=context if mode == "tls" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until the test ends, which closes the pipe.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
