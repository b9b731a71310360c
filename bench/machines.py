"""Many machines at once on simulated servers whose operations take their time: the plugin's own part of an up.

Nothing runs behind the machines. What a server is asked for is counted by a proxy between it and the plugin.
"""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import figure, heading
from provider.vsphere.endpoint import OPERATIONS
from provider.vsphere.place import DISK_COPIES
from provider.vsphere.placement import NOWHERE, Placement
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.driver import IMAGE, KEY_PAIR, MACHINE, Plugin, wrapped
from tests.plugin.provider.waiting_machine import MACHINE_INPUTS
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.images.ova import build_ova
from tests.vsphere.simulated_host import binary
from tests.vsphere.simulator import DATASTORE, NETWORK, PASSWORD, USER, Simulator

MACHINES = 32
DELAY_SECONDS = 2.0
SHOWN_METHODS = 12
LOOK = "SearchDatastore_Task"
CLUSTER = "DC0_C0"


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of server. `copy` is the operation that copies a disk, of which only a few go on at once, if there is one.

    `copy_is_first`: a machine comes to be by it, so that there is nothing else to do before the first one is done.
    """

    name: str
    placement: Placement
    copy: str = ""
    copy_is_first: bool = False


HOST = Target("an ESXi host", NOWHERE, copy="CopyVirtualDisk_Task")
FULL = Target("a vCenter, full clones", Placement(cluster=CLUSTER), copy="CloneVM_Task", copy_is_first=True)
LINKED = Target("a vCenter, linked clones", Placement(cluster=CLUSTER, linked=True))
TARGETS = (HOST, FULL, LINKED)


def measure(directory: Path) -> None:
    """Print of each target how long the machines take against the ideal, calls per machine, and the plugin's memory."""
    directory.mkdir(parents=True, exist_ok=True)
    esxi = binary(directory)
    for number, target in enumerate(TARGETS):
        _measure(target, esxi, directory / str(number))


def _measure(target: Target, esxi: Path, directory: Path) -> None:
    directory.mkdir()
    delay = ("-operation-delay", f"{DELAY_SECONDS:g}s")
    host = Simulator(esxi, directory / "host", *delay, placement=target.placement)
    proxy = FaultProxy(host.port, host.certificate.cert, host.certificate.key, host.ssl_context)
    engine = FakeEngine()
    plugin = Plugin(engine.address, directory)
    try:
        inputs = _inputs(plugin, host, proxy, target.placement, directory)
        proxy.seen.clear()
        began = time.monotonic()
        with ThreadPoolExecutor(MACHINES) as pool:
            made = [pool.submit(_create, plugin, inputs, number) for number in range(MACHINES)]
            failed = [error for error in (each.exception() for each in made) if error is not None]
        _report(target, time.monotonic() - began, proxy.seen, _most_memory(plugin.process.pid))
        if failed:
            figure(f"not made, {len(failed)} of them", str(failed[0]))
    finally:
        plugin.stop()
        engine.stop()
        proxy.stop()
        host.stop()


def ideal(seen: Mapping[str, int], target: Target) -> float:
    """The seconds below which these operations cannot end, with their delay and the limits of how many run at once.

    A look into a datastore is not among them, though it takes as long.
    """
    operations = {
        method: count for method, count in seen.items() if method.endswith("_Task") or method.startswith("Make")
    }
    operations.pop(LOOK, None)
    copies = operations.pop(target.copy, 0)
    others = sum(operations.values()) / OPERATIONS + (1 if target.copy_is_first else 0)
    return DELAY_SECONDS * max(copies / DISK_COPIES, others)


def _inputs(
    plugin: Plugin, host: Simulator, proxy: FaultProxy, placement: Placement, directory: Path
) -> dict[str, Any]:
    """What all machines are made with; their image is there then."""
    ova = directory / "node.ova"
    sha256 = build_ova(ova)
    configuration = {
        **{"server": "127.0.0.1", "port": proxy.port, "user": USER, "password": PASSWORD, "owner": "kubelab/bench"},
        "tlsCaPem": host.certificate.pem,
    }
    if placement.in_vcenter:
        configuration |= {"cluster": placement.cluster, "clone": "linked" if placement.linked else "full"}
    plugin.configure(configuration)
    keys = plugin.create(KEY_PAIR, "key", wrapped({"comment": "bench"})).outputs
    source = {"ova": str(ova), "sha256": sha256, "datastore": DATASTORE, "network": NETWORK}
    image = plugin.create(IMAGE, "image", wrapped({**source, "diskGiB": MACHINE_INPUTS["diskGiB"]})).outputs
    own = {"sshPublicKey": keys["publicKey"], "hostKeyPrivate": keys["privateKey"], "hostKeyPublic": keys["publicKey"]}
    return {**MACHINE_INPUTS, **own, "image": image["diskPath"], "imageSha256": sha256}


def _create(plugin: Plugin, inputs: Mapping[str, Any], number: int) -> None:
    guest = {"SET.guest.ipAddress": f"10.87.0.{number + 10}"}
    properties = {**inputs, "name": f"n{number}", "extraConfig": guest}
    plugin.create(MACHINE, f"n{number}", wrapped(properties, "hostKeyPrivate"))


def _most_memory(pid: int) -> float:
    """The most that a process had in memory, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def _report(target: Target, taken: float, seen: Counter[str], memory: float) -> None:
    least = ideal(seen, target)
    heading(
        f"{MACHINES} machines on {target.name}, {DELAY_SECONDS:g} s for each operation, {OPERATIONS} at once and "
        f"{DISK_COPIES} copies"
    )
    figure("made in", f"{taken:.1f} s")
    figure("  against the ideal", f"{taken / least:.2f} times {least:.1f} s")
    figure("calls to the server, per machine", f"{sum(seen.values()) / MACHINES:.1f}")
    for method, count in seen.most_common(SHOWN_METHODS):
        figure(f"  {method}", f"{count / MACHINES:.1f}")
    figure("most memory of the plugin", f"{memory:.0f} MiB")
