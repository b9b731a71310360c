"""A login to a machine that exists: proven once, and used to leave the machine as it was found.

Not here: what is run there (components/), and a host key that is read without logging in (guest_ssh.py).
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from provider.guest_ssh import ALGORITHM, ask_ssh
from provider.vsphere.errors import CancelledError, RefusedError, TimedOutError, UnreachableError

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

DIAL_SECONDS = 15.0
_BETWEEN_DIALS = 1.0
_CANCELLED_WITHIN = 0.2
_LAST_LINES = 12
_T = TypeVar("_T")


class AnotherKeyError(RefusedError):
    """Whoever answers at the address has another host key; the text is what was found."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom: `host_key` is "ssh-ed25519 AAAA...", `private_key` a key without a passphrase, PEM."""

    address: str
    port: int
    user: str
    host_key: str
    private_key: str = field(repr=False)

    @property
    def where(self) -> str:
        """The address as a user writes it, with the port only where it is another than ssh's own."""
        return self.address if self.port == 22 else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status, and the last lines of what it said."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for finding the machine, and for the command once it is found; whether the run was cancelled."""

    patience: float
    seconds: float
    cancelled: Callable[[], bool]


def run(login: Login, command: str, stdin: str, limits: Limits, heard: Callable[[str], None]) -> Ended:
    """Runs one command; `heard` is told each line of its stderr.

    Raises AnotherKeyError, RefusedError for a key that is not let in, UnreachableError, TimedOutError, CancelledError.
    """
    return asyncio.run(_unless_cancelled(_run(login, command, stdin, limits, heard), limits.cancelled, login.where))


async def _run(login: Login, command: str, stdin: str, limits: Limits, heard: Callable[[str], None]) -> Ended:
    import asyncssh  # only a run that makes a machine known, or leaves it, logs in

    connection, said = await _connected(login, limits.patience), deque[str](maxlen=_LAST_LINES)
    try:
        status = await asyncio.wait_for(_status(connection, command, stdin, said, heard), limits.seconds)
    except TimeoutError:
        raise TimedOutError(f"no end within {limits.seconds:g} s") from None
    except (asyncssh.Error, OSError) as error:
        raise _lost(_shown(error), said) from None
    finally:
        connection.close()
    if status is None:  # so it is where the server went, and said that it does
        raise _lost("no exit status", said)
    return Ended(status, "\n".join(said))


async def _status(
    connection: "SSHClientConnection", command: str, stdin: str, said: deque[str], heard: Callable[[str], None]
) -> int | None:
    async with connection.create_process(command, stderr=-2) as process:  # -2: stderr where stdout goes
        with suppress(BrokenPipeError):  # it may have ended already, and read nothing
            process.stdin.write(stdin)
            process.stdin.write_eof()
        async for line in process.stdout:
            if shown := line.rstrip():
                said.append(shown)
                heard(shown)
        return (await process.wait()).exit_status


def _lost(evidence: str, said: Collection[str]) -> UnreachableError:
    last = f"; the last that it said: {'; '.join(said)}" if said else ", before it said anything"
    return UnreachableError(f"the connection ended while the command ran ({evidence}){last}")


def _shown(error: Exception) -> str:
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return str(getattr(error, "reason", error))


async def _connected(login: Login, patience: float) -> "SSHClientConnection":
    """Dials until somebody answers, for `patience` seconds; what an answer says is final."""
    import asyncssh

    key = asyncssh.import_private_key(login.private_key)
    nobody: list[asyncssh.SSHKey] = []
    known = ([asyncssh.import_public_key(login.host_key)], nobody, nobody)
    end = time.monotonic() + patience
    while True:
        try:
            return await asyncssh.connect(
                login.address,
                login.port,
                username=login.user,
                client_keys=[key],
                known_hosts=known,
                server_host_key_algs=[ALGORITHM],
                config=None,
                agent_path=None,
                preferred_auth="publickey",
                connect_timeout=DIAL_SECONDS,
                login_timeout=DIAL_SECONDS,
                keepalive_interval=15,
            )
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
            evidence = await asyncio.to_thread(ask_ssh, login.address, login.host_key, login.port)
            raise AnotherKeyError(evidence.evidence or error.reason) from None
        except asyncssh.PermissionDenied as error:
            raise RefusedError(error.reason) from None
        except TimeoutError:
            evidence_of_none = f"no answer within {DIAL_SECONDS:g} s"
        except (asyncssh.Error, OSError) as error:
            evidence_of_none = _shown(error)
        if time.monotonic() + _BETWEEN_DIALS > end:
            raise UnreachableError(f"{evidence_of_none}, for {patience:g} s")
        await asyncio.sleep(_BETWEEN_DIALS)


async def _unless_cancelled(work: Coroutine[None, None, _T], cancelled: Callable[[], bool], where: str) -> _T:
    """What `work` gives; a cancelled run ends it at once. What runs on the machine then ends there by itself."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=_CANCELLED_WITHIN)
        if cancelled() and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCELLED_WITHIN)
            raise CancelledError(f"asking {where}: cancelled")
    return task.result()
