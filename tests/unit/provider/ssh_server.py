"""An ssh server of the tests' own: lets one key in, and answers commands by functions."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import asyncssh

from provider.guest_login import Login

USER = "lab"


class End(Enum):
    """How a connection ends in the middle of a command."""

    TOLD = "the server says that it goes"
    ABRUPT = "nothing is said"


Answer = Callable[[str, str], tuple[int | End, str]]
"""From a command and its stdin to its exit status, or how the connection ends, and what it says on stderr."""


DEAF = "deaf"  # the command that ends at once, and reads nothing


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def private(key: asyncssh.SSHKey) -> str:
    return key.export_private_key().decode()


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: where, with which host key, whom it lets in."""

    port: int
    host_key: str
    user_key: str

    def login(self, **changed: str) -> Login:
        """The right login, with changes."""
        given = {"host_key": self.host_key, "private_key": self.user_key, "user": USER, **changed}
        return Login("127.0.0.1", self.port, given["user"], given["host_key"], given["private_key"])


@contextmanager
def served(answer: Answer, address: str = "127.0.0.1") -> Iterator[Served]:
    """A server for as long as the block lasts."""
    host, user = new_key(), new_key()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def handle(process: "asyncssh.SSHServerProcess[str]") -> None:
        if process.command == DEAF:
            process.exit(0)
            return
        text = await process.stdin.read()
        status, said = await asyncio.to_thread(answer, process.command or "", text)
        process.stderr.write(said)
        if status is End.TOLD:
            process.channel.get_connection().disconnect(asyncssh.DISC_BY_APPLICATION, "going down")
        elif status is End.ABRUPT:
            process.channel.get_connection().abort()
        else:
            process.exit(status)

    async def start() -> asyncssh.SSHAcceptor:
        allowed = asyncssh.import_authorized_keys(public(user))
        return await asyncssh.listen(
            address, 0, server_host_keys=[host], authorized_client_keys=allowed, process_factory=handle
        )

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield Served(acceptor.get_port(), public(host), private(user))
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
