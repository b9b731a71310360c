"""OpenSSH's server on loopback, with keys and configuration of its own."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

SSHD = "/usr/sbin/sshd"
START_LIMIT = 30


@dataclass(frozen=True, slots=True)
class KeyPair:
    private: str  # OpenSSH PEM
    public: str  # "ssh-ed25519 AAAA..."


def new_key_pair(algorithm: str = "ssh-ed25519") -> KeyPair:
    key = asyncssh.generate_private_key(algorithm)
    return KeyPair(key.export_private_key().decode(), key.export_public_key().decode().strip())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not so after {limit} s")
        time.sleep(0.02)


class SshServer:
    """One sshd. `start` it and `stop` it; `connection()` are the arguments that reach it."""

    def __init__(self, directory: Path, options: str = "", host_key_algorithm: str = "ssh-ed25519") -> None:
        if not Path(SSHD).exists():
            raise RuntimeError(f"no {SSHD} on this machine: apt-get install openssh-server")
        self.port = free_port()
        self.user = getpass.getuser()
        self.client_key = new_key_pair()
        self.host_key = new_key_pair(host_key_algorithm)
        self._directory = directory
        self._log = directory / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._write_files(options)

    def _write_files(self, options: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        host_key = self._directory / "host_key"
        host_key.touch(mode=0o600)
        host_key.write_text(self.host_key.private)
        self.authorize(self.client_key)
        (self._directory / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {host_key}\nPidFile none\n"
            f"AuthorizedKeysFile {self._directory / 'authorized_keys'}\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nPermitRootLogin yes\nUseDNS no\nLogLevel VERBOSE\n"
            f"{options}\n"
        )

    def authorize(self, *keys: KeyPair) -> None:
        (self._directory / "authorized_keys").write_text("".join(f"{key.public}\n" for key in keys))

    def start(self) -> None:
        if os.geteuid() == 0:
            # Debian's service makes the directory for privilege separation; here nothing else does.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        configuration = self._directory / "sshd_config"
        self._process = subprocess.Popen([SSHD, "-D", "-f", str(configuration), "-E", str(self._log)])
        wait_until(lambda: "Server listening" in self.log or self._ended(), "sshd listens", START_LIMIT)
        if self._ended():
            raise RuntimeError(f"sshd ended: {self.log}")

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def sessions(self) -> list[str]:
        """The processes of the connections that are open now."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def connection(self, **changes: Any) -> dict[str, Any]:
        """Connection arguments with the verified host key; `changes` set, or with None remove, single ones."""
        arguments = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "privateKey": self.client_key.private,
            "hostKey": self.host_key.public,
            "dialErrorLimit": 3,
        } | changes
        return {name: value for name, value in arguments.items() if value is not None}
