"""Talking to a container engine by its command line client."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolchain.system import run
from toolchain.system.host import search_path

LABEL = "kubelab.rig"


@dataclass(frozen=True, slots=True)
class Docker:
    """A container engine; `host`: its address, None for the client's default; `rig`: the value of our label."""

    host: str | None
    rig: str

    @property
    def environ(self) -> dict[str, str]:
        """The environment with which any program reaches this engine."""
        environ = {**os.environ, "PATH": search_path()}
        if self.host is not None:
            environ.pop("DOCKER_CONTEXT", None)
            environ["DOCKER_HOST"] = self.host
        return environ

    def reachable(self) -> bool:
        """Whether the engine answers."""
        argv = ["docker", "version", "--format", "{{.Server.Version}}"]
        try:
            done = subprocess.run(argv, capture_output=True, env=self.environ, timeout=20, stdin=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def __call__(self, doing: str, *arguments: str, timeout: float = 120.0) -> str:
        """Runs `docker <arguments>`; `doing` begins the error's line."""
        return run.answer(["docker", *arguments], doing, self.environ, timeout=timeout)

    def listed(self, kind: str, doing: str, *filters: str) -> list[str]:
        """Identifiers of `container`, `volume`, `network` or `image` objects that match all filters."""
        everything = ["--all"] if kind == "container" else []
        chosen = [argument for each in filters for argument in ("--filter", each)]
        return self(doing, kind, "ls", "--quiet", *everything, *chosen).split()

    def inspect(self, kind: str, names: Sequence[str], doing: str) -> list[dict[str, Any]]:
        """The full description of objects that exist."""
        found: list[dict[str, Any]] = json.loads(self(doing, kind, "inspect", *names))
        return found

    @property
    def label(self) -> str:
        return f"{LABEL}={self.rig}"
