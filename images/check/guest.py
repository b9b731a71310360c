"""Asking a running machine over ssh, known by its given host key alone; every wait is bounded."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

from images.check.seed import HOST_NAME, USER, Keys
from toolchain.errors import SetupError

TRY_SECONDS, PAUSE_SECONDS = 15.0, 1.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    text: str
    status: int | None


class Guest:
    """The machine behind a port of the loopback; each question has a connection of its own, as a reboot ends them."""

    def __init__(self, port: int, keys: Keys) -> None:
        self._port = port
        self._keys = keys

    async def ask(self, command: str, limit: float = 60.0) -> Said:
        """Runs a command as root; SetupError when there is no answer within `limit` seconds."""
        try:
            async with asyncio.timeout(limit), self._connection() as connection:
                done = await connection.run(f"sudo sh -c {_quoted(command)}", stderr=asyncssh.STDOUT)
                return Said(str(done.stdout or "").strip(), done.exit_status)
        except (TimeoutError, OSError, asyncssh.Error) as error:
            raise SetupError(
                f"asking the machine `{command}`: no answer within {limit:.0f} s ({_reason(error)})"
            ) from error

    async def arrive(self, limit: float, alive: Callable[[], bool], unlike: str = "") -> str:
        """Waits until ssh answers, and returns the boot's ID; `unlike`: that of the boot before, which does not count.

        SetupError after `limit` seconds, when another host key answers, or as soon as the machine is no longer `alive`.
        """
        deadline, last = time.monotonic() + limit, "nothing answered"
        while time.monotonic() < deadline:
            if not alive():
                raise SetupError("waiting for ssh: the machine ended")
            try:
                async with asyncio.timeout(TRY_SECONDS), self._connection() as connection:
                    done = await connection.run("cat /proc/sys/kernel/random/boot_id", check=True)
                    boot = str(done.stdout).strip()
                    if boot != unlike:
                        return boot
                    last = "it has not rebooted"
            except asyncssh.HostKeyNotVerifiable as error:
                raise SetupError(
                    f"waiting for ssh: the machine has another host key than it was given ({error})"
                ) from error
            except (TimeoutError, OSError, asyncssh.Error) as error:
                last = _reason(error)
            await asyncio.sleep(PAUSE_SECONDS)
        raise SetupError(f"waiting for ssh: no answer within {limit:.0f} s, at last: {last}")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncssh.SSHClientConnection]:
        known = asyncssh.import_known_hosts(f"{HOST_NAME} {self._keys.host.export_public_key().decode()}")
        async with asyncssh.connect(
            "127.0.0.1",
            self._port,
            username=USER,
            client_keys=[self._keys.user],
            known_hosts=known,
            host_key_alias=HOST_NAME,
            server_host_key_algs=["ssh-ed25519"],
            config=None,
            agent_path=None,
        ) as connection:
            yield connection


def _quoted(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
