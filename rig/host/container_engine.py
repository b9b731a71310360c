"""The container engine: the host's if one answers, else one of our own, which leaves no trace when it is stopped."""

import os
import shutil
from pathlib import Path

from rig.host import engine_remains, firewall
from rig.host.docker import Docker
from rig.host.network import BRIDGE
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
        return Docker(socket(layout), layout.identity)
    address = os.environ.get("DOCKER_HOST")
    hosts = Docker(address if address != socket(layout) else "unix:///var/run/docker.sock", layout.identity)
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
    own = Docker(socket(layout), layout.identity)
    if table.running(SERVICE) is None:
        _remember_firewall(layout)
        engine_remains.forget_pids(layout)
    layout.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    argv = command_line(layout, sys_resource)
    (layout.runtime / "daemon.json").write_text("{}\n")
    service = Service(SERVICE, argv, {**os.environ, "PATH": host.search_path()}, fingerprint(*argv), STOP_GRACE_SECONDS)
    table.ensure(service, lambda: None if own.reachable() else "it does not answer", START_LIMIT_SECONDS)
    return own


def command_line(layout: Layout, sys_resource: bool) -> list[str]:
    """The engine's arguments: everything of its own, no default bridge, no forwarding switched on for the host."""
    argv = ["dockerd", "--config-file", str(layout.runtime / "daemon.json"), "--host", socket(layout)]
    argv += ["--data-root", str(layout.state / "docker"), "--exec-root", str(layout.runtime / "exec")]
    argv += ["--pidfile", str(layout.runtime / "docker.pid"), "--bridge", "none"]
    argv += ["--ip-forward=false", "--ip-masq=false", "--userland-proxy=false", "--log-level", "warn"]
    return argv if sys_resource else [*argv, "--oom-score-adjust", "0"]


def remove(layout: Layout, table: ProcessTable) -> None:
    """Stops an engine of ours and takes away all it made: processes, mounts, data, bridge, firewall rules."""
    table.stop(SERVICE, STOP_GRACE_SECONDS)
    places = (layout.state / "docker", layout.runtime)
    if not any(place.exists() for place in places) and not _firewall_record(layout).is_file():
        return
    engine_remains.end_processes(layout)
    unmount_below(*places)
    _delete_bridge()
    _restore_firewall(layout)
    for place in places:
        if place.exists():
            shutil.rmtree(place)


def _delete_bridge() -> None:
    doing, environ = f"deleting bridge {BRIDGE}", {"PATH": host.search_path()}
    if any(f": {BRIDGE}:" in line for line in run.answer(["ip", "-oneline", "link"], doing, environ).splitlines()):
        run.answer(["ip", "link", "delete", BRIDGE], doing, environ)


def _firewall_record(layout: Layout) -> Path:
    return layout.state / "iptables-before"


def _remember_firewall(layout: Layout) -> None:
    """What was there before our first engine; a record that a killed run left is still the right one."""
    record = _firewall_record(layout)
    if not record.is_file():
        saved = run.answer(["iptables-save"], "reading the firewall's rules", {"PATH": host.search_path()})
        scratch = record.with_name(".iptables-before.new")
        scratch.write_text(saved)
        scratch.replace(record)


def _restore_firewall(layout: Layout) -> None:
    record = _firewall_record(layout)
    if not record.is_file():
        return
    environ = {"PATH": host.search_path()}
    doing = "removing the container engine's firewall rules"
    saved = run.answer(["iptables-save"], doing, environ)
    for arguments in firewall.removals(record.read_text(), saved, BRIDGE):
        run.answer(["iptables", "--wait", *arguments], doing, environ)
    record.unlink()
