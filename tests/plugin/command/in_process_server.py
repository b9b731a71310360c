"""An ssh server inside the tests' own process, for what OpenSSH cannot show as any user: passwords without an account
of this machine, and the signals that a client sends."""

import asyncio
import threading
from collections.abc import Awaitable
from typing import Any

import asyncssh

from tests.plugin.command.ssh_server import KeyPair, new_key_pair

WAIT = "wait for a signal"


class _Session(asyncssh.SSHServerSession[str]):
    def __init__(self, signals: list[str]) -> None:
        self._signals = signals
        self._channel: Any = None
        self._command = ""

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._channel.write(f"ran {self._command}\n")
        if self._command != WAIT:
            self._channel.exit(0)

    def eof_received(self) -> bool:
        return True

    def signal_received(self, signal: str) -> None:
        self._signals.append(signal)
        self._channel.exit(143)


class _Login(asyncssh.SSHServer):
    def __init__(self, password: str, interactive: bool, signals: list[str]) -> None:
        self._password = password
        self._interactive = interactive
        self._signals = signals

    def password_auth_supported(self) -> bool:
        return not self._interactive

    def validate_password(self, username: str, password: str) -> bool:
        return username == "lab" and password == self._password

    def kbdint_auth_supported(self) -> bool:
        return self._interactive

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        del username, lang, submethods
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return username == "lab" and list(responses) == [self._password]

    def session_requested(self) -> Any:
        return _Session(self._signals)


class InProcessServer:
    """Takes user lab and the password; answers `ran <command>`. The command WAIT lasts until a signal comes.

    Serves in a thread of its own until `stop`. `signals` are the names of those that came, such as TERM.
    """

    def __init__(self, password: str = "hunter2", *, interactive: bool = False) -> None:
        self.host_key: KeyPair = new_key_pair()
        self.signals: list[str] = []
        self._password = password
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(
            asyncssh.listen(
                "127.0.0.1",
                0,
                server_host_keys=[asyncssh.import_private_key(self.host_key.private)],
                server_factory=lambda: _Login(password, interactive, self.signals),
            )
        )
        self.port: int = self._server.get_port()

    def connection(self, **changes: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "lab",
            "password": self._password,
            "hostKey": self.host_key.public,
            "dialErrorLimit": 0,
        }
        return arguments | changes

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _run(self, awaitable: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(30)
