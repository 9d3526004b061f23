"""A mail server for the tests: takes mails, reads them with Python's library, and behaves badly to some recipients.

It prints its port, and then a line of JSON for each mail that it has taken.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

seen = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name.startswith("refused"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        if name.startswith("greylisted") and ("rcpt", address) not in seen:
            seen.add(("rcpt", address))
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
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), enable_SMTPUTF8=False, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until the test ends, which closes the pipe.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
