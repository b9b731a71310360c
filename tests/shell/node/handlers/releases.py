"""A release of gVisor, the step that brings handlers to a node and takes them, and what is seen of it."""

import bz2
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace

import pytest

from components.handlers import HANDLERS
from components.handlers.gvisor import RUNSC, SENTRY, SHIM
from components.steps.node import install_runtime
from config import HandlerConfig
from tests.shell.guest.machine import Guest, Result
from tests.shell.world import CLUSTER, MIRROR, SITE
from tests.unit.components.handlers.declared import handler, node

GVISOR, CRUN = handler("gvisor"), handler("crun")
PATH = HANDLERS["gvisor"].releases[GVISOR.version].path
URL = f"{MIRROR}/files/{PATH}"
CARRIERS = pytest.mark.parametrize("runtime", ["containerd", "crio"])
CONFIGURATION = {"containerd": "/etc/containerd/config.toml", "crio": "/etc/crio/crio.conf.d/20-kubelab.conf"}
LABEL = "handler.kubelab.dev/gvisor"
# Of a pod: namespace, name, class, kind of what made it, phase.
MANAGED, BARE = "shop web-1 gvisor ReplicaSet Running", "shop lonely gvisor <none> Running"


def archive(text: str = "#!/bin/sh\necho version 1\n", **others: str) -> bytes:
    """A release of gVisor as upstream packs it; `others` are the texts of programs that differ, by their names."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as files:
        for path in (RUNSC, SHIM, SENTRY):
            name = path.removeprefix("/opt/gvisor/")
            content = others.get(name.rpartition("/")[2].partition("-")[0], text).encode()
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(content)
            files.addfile(entry, io.BytesIO(content))
    return bz2.compress(packed.getvalue())


def given(runtime: str, *handlers: HandlerConfig, elsewhere: tuple[HandlerConfig, ...] = ()) -> Mapping[str, str]:
    """What the step of the runtime of a node with these handlers is given, where others have more."""
    sums = {PATH: hashlib.sha256(archive()).hexdigest()}
    site = replace(SITE, mirrors=replace(SITE.mirrors, checksums={**SITE.mirrors.checksums, **sums}))
    cluster = replace(CLUSTER, handlers=(*handlers, *elsewhere))
    return install_runtime.environment(node(runtime, *handlers), cluster, site)


def install(
    guest: Guest, runtime: str, *handlers: HandlerConfig, elsewhere: tuple[HandlerConfig, ...] = (), **changed: str
) -> Result:
    """Run the step."""
    return guest.run(f"20-install-{runtime}.sh", {**given(runtime, *handlers, elsewhere=elsewhere), **changed})


def join(guest: Guest, *pods: str) -> None:
    """The node is a member now, and these pods run there."""
    guest.write("/etc/kubernetes/kubelet.conf", "kind: Config\n")
    guest.write("/etc/kubelab/joined", "")
    guest.state("nodes", "w1 a 1")
    guest.state("runtime-classes", "gvisor gvisor managed\nown gvisor\nother runc")
    guest.state("node-has", f"w1 label {LABEL}=true")
    guest.state("pods-on-node", "\n".join(pods))


def records(guest: Guest) -> list[str]:
    folder = guest.path("/etc/kubelab/handlers")
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
