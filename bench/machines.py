"""Many machines at once on a simulated host whose operations take their time: the plugin's own part of an up.

Nothing runs behind the machines. What the host is asked for is counted by a proxy between it and the plugin.
"""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.report import figure, heading
from provider.vsphere.endpoint import OPERATIONS
from provider.vsphere.place import DISK_COPIES
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
COPY = "CopyVirtualDisk_Task"


def measure(directory: Path) -> None:
    """Print how long the machines take against the ideal, calls per machine, and the plugin's memory."""
    directory.mkdir(parents=True, exist_ok=True)
    host = Simulator(binary(directory), directory / "host", "-operation-delay", f"{DELAY_SECONDS:g}s")
    proxy = FaultProxy(host.port, host.certificate.cert, host.certificate.key, host.ssl_context)
    engine = FakeEngine()
    plugin = Plugin(engine.address, directory)
    try:
        inputs = _inputs(plugin, host, proxy, directory)
        proxy.seen.clear()
        began = time.monotonic()
        with ThreadPoolExecutor(MACHINES) as pool:
            made = [pool.submit(_create, plugin, inputs, number) for number in range(MACHINES)]
            for each in made:
                each.result()
        _report(time.monotonic() - began, proxy.seen, _most_memory(plugin.process.pid))
    finally:
        plugin.stop()
        engine.stop()
        proxy.stop()
        host.stop()


def ideal(seen: Mapping[str, int]) -> float:
    """The seconds below which these operations cannot end, with their delay and the limits of how many run at once."""
    operations = {
        method: count for method, count in seen.items() if method.endswith("_Task") or method.startswith("Make")
    }
    copies = operations.pop(COPY, 0)
    return DELAY_SECONDS * max(copies / DISK_COPIES, sum(operations.values()) / OPERATIONS)


def _inputs(plugin: Plugin, host: Simulator, proxy: FaultProxy, directory: Path) -> dict[str, Any]:
    """What all machines are made with; their image is there then."""
    ova = directory / "node.ova"
    sha256 = build_ova(ova)
    configuration = {
        **{"server": "127.0.0.1", "port": proxy.port, "user": USER, "password": PASSWORD, "owner": "kubelab/bench"},
        "tlsCaPem": host.certificate.pem,
    }
    plugin.configure(configuration)
    keys = plugin.create(KEY_PAIR, "key", wrapped({"comment": "bench"})).outputs
    source = {"ova": str(ova), "sha256": sha256, "datastore": DATASTORE, "network": NETWORK}
    image = plugin.create(IMAGE, "image", wrapped(source)).outputs
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


def _report(taken: float, seen: Counter[str], memory: float) -> None:
    least = ideal(seen)
    heading(
        f"{MACHINES} machines, {DELAY_SECONDS:g} s for each operation, {OPERATIONS} at once and {DISK_COPIES} copies"
    )
    figure("made in", f"{taken:.1f} s")
    figure("  against the ideal", f"{taken / least:.2f} times {least:.1f} s")
    figure("calls to the host, per machine", f"{sum(seen.values()) / MACHINES:.1f}")
    for method, count in seen.most_common(SHOWN_METHODS):
        figure(f"  {method}", f"{count / MACHINES:.1f}")
    figure("most memory of the plugin", f"{memory:.0f} MiB")
