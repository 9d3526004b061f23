"""A mail server on this machine that takes every mail, or keeps its answers back for a while."""

import asyncio
import socket
import time

from aiosmtpd.controller import Controller


class MailSink:
    """Listens from its beginning to `stop`."""

    def __init__(self):
        self.taken: list[float] = []
        self.is_holding = False
        # aiosmtpd connects to the port that it was given, and not to the one that it got.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, server_hostname="sink.example.com")
        self.controller.start()

    # The name is aiosmtpd's.
    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        while self.is_holding:
            await asyncio.sleep(0.01)
        self.taken.append(time.perf_counter())
        return "250 OK"

    def stop(self) -> None:
        self.is_holding = False
        self.controller.stop()
