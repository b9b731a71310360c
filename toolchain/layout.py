"""Where things are kept: the project, its `.rig` folder, and the cache that outlives both."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """All paths of one clone of the project.

    `project`: the project's root; `state`: its `.rig` folder; `cache`: built parts, shared by clones of the project;
    `runtime`: sockets of processes (short, because a socket's path is limited to 107 bytes).
    """

    project: Path
    state: Path
    cache: Path
    runtime: Path

    @property
    def bin(self) -> Path:
        return self.state / "bin"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def processes(self) -> Path:
        return self.state / "process"

    @property
    def env_file(self) -> Path:
        return self.state / "env"

    @property
    def services_env(self) -> Path:
        return self.state / "services.env"

    @property
    def site_file(self) -> Path:
        return self.state / "site.yaml"

    @property
    def passphrase_file(self) -> Path:
        return self.state / "passphrase"

    @property
    def pulumi_home(self) -> Path:
        return self.state / "pulumi"


def layout_of(project: Path, environ: Mapping[str, str] = os.environ) -> Layout:
    """The layout of the project at `project`; KUBELAB_CACHE and XDG_CACHE_HOME choose the cache."""
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(environ.get("KUBELAB_CACHE") or Path(base) / "kubelab")
    project = project.resolve()
    short = hashlib.sha256(str(project).encode()).hexdigest()[:12]
    return Layout(
        project=project, state=project / ".rig", cache=cache.absolute(), runtime=Path("/run") / f"kubelab-{short}"
    )
