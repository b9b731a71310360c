"""The container engine: the host's if one answers, else one of our own, which leaves no trace when it is stopped."""

import json
import os
import shutil

from rig.host import engine_remains, firewall
from rig.host.docker import Docker
from rig.host.network import BRIDGE
from rig.mark import leave_with_engine, mark_of
from rig.services.process import ProcessTable, Service, fingerprint
from toolchain.errors import SetupError
from toolchain.layout import Layout
from toolchain.system import host, run
from toolchain.system.scratch import unmount_below

SERVICE = "dockerd"
START_LIMIT_SECONDS = 60.0
STOP_GRACE_SECONDS = 30.0


def socket(layout: Layout) -> str:
    """Where an engine of our own listens."""
    return f"unix://{layout.runtime / 'docker.sock'}"


def current(layout: Layout, table: ProcessTable) -> Docker | None:
    """The engine in use: our own if it runs, else the host's if it answers."""
    if table.running(SERVICE) is not None:
        return Docker(socket(layout), mark_of(layout))
    address = os.environ.get("DOCKER_HOST")
    hosts = Docker(address if address != socket(layout) else "unix:///var/run/docker.sock", mark_of(layout))
    return hosts if hosts.reachable() else None


def ensure(layout: Layout, table: ProcessTable, facts: host.Host, sys_resource: bool) -> Docker:
    """An engine that answers; SetupError when there is none and we may not start one."""
    found = current(layout, table)
    if found is not None and found.host != socket(layout):
        return found
    if not facts.root:
        raise SetupError(
            "container engine: none answers, and only root may start one; start docker, or run this as root"
        )
    own = Docker(socket(layout), mark_of(layout))
    firewall.ensure(BRIDGE, own.rig)
    if table.running(SERVICE) is None:
        engine_remains.forget_pids(layout)
    layout.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    leave_with_engine(layout)
    argv = command_line(layout, sys_resource)
    (layout.runtime / "daemon.json").write_text("{}\n")
    service = Service(SERVICE, argv, {**os.environ, "PATH": host.search_path()}, fingerprint(*argv), STOP_GRACE_SECONDS)
    table.ensure(service, lambda: None if own.reachable() else "it does not answer", START_LIMIT_SECONDS)
    return own


def command_line(layout: Layout, sys_resource: bool) -> list[str]:
    """The engine's arguments: everything of its own, no default bridge, and nothing of how the host forwards."""
    argv = ["dockerd", "--config-file", str(layout.runtime / "daemon.json"), "--host", socket(layout)]
    argv += ["--data-root", str(layout.state / "docker"), "--exec-root", str(layout.runtime / "exec")]
    argv += ["--pidfile", str(layout.runtime / "docker.pid"), "--bridge", "none"]
    argv += ["--iptables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false"]
    argv += ["--log-level", "warn"]
    return argv if sys_resource else [*argv, "--oom-score-adjust", "0"]


def mark_network(layout: Layout, docker: Docker) -> None:
    """Marks the bridge that an engine of ours has made, so that `remove` knows it."""
    if docker.host == socket(layout):
        argv = ["ip", "link", "set", "dev", BRIDGE, "alias", _alias(docker.rig)]
        run.answer(argv, f"marking bridge {BRIDGE}", {"PATH": host.search_path()})


def remove(layout: Layout, table: ProcessTable) -> None:
    """Stops an engine of ours and takes away all it made: processes, mounts, data, bridge, and the lab's rules."""
    table.stop(SERVICE, STOP_GRACE_SECONDS)
    places = (layout.state / "docker", layout.runtime)
    if not any(place.exists() for place in places):
        return
    engine_remains.end_processes(layout)
    unmount_below(*places)
    _delete_bridge(mark_of(layout))
    firewall.remove(mark_of(layout))
    for place in places:
        if place.exists():
            shutil.rmtree(place)


def is_marked(links: str, mark: str) -> bool:
    """Whether a bridge is ours, in what `ip -json link` prints."""
    return any(link.get("ifname") == BRIDGE and link.get("ifalias") == _alias(mark) for link in json.loads(links))


def _alias(mark: str) -> str:
    return f"{firewall.COMMENT} {mark}"


def _delete_bridge(mark: str) -> None:
    doing, environ = f"deleting bridge {BRIDGE}", {"PATH": host.search_path()}
    if is_marked(run.answer(["ip", "-json", "link"], doing, environ), mark):
        run.answer(["ip", "link", "delete", BRIDGE], doing, environ)
