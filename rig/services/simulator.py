"""The simulated hosts as services of the rig."""

import hashlib
import shutil
import socket
import ssl
from pathlib import Path

from rig.host import network
from rig.host.docker import Docker
from rig.host.machine_kind import Machines
from rig.mark import mark_of
from rig.node.offering import roots_file
from rig.services import dhcp
from rig.services.hosts import SimulatedHost
from rig.services.process import ProcessTable, Service, fingerprint
from toolchain.build.golang import GoProgram, go_part
from toolchain.build.part import Part
from toolchain.layout import Layout

SOURCE = Path(__file__).parents[1] / "esxi"
PART = PROGRAM = "kubelab-esxi"
LOOPBACK = "127.0.0.1"
START_LIMIT_SECONDS = 60.0
STOP_GRACE_SECONDS = 75.0  # it removes its VMs' containers first, for up to a minute


def part() -> Part:
    """The simulator's program."""
    program = GoProgram(PROGRAM, ".")
    return go_part(PART, "simulated ESXi host", SOURCE, (program,))


def ensure(
    layout: Layout,
    table: ProcessTable,
    program: Path,
    docker: Docker,
    network_id: str,
    machines: Machines,
    host: SimulatedHost,
) -> str:
    """Runs the simulator as one of the hosts and returns its `host:port`.

    A restart forgets all of its VMs, and ends their processes.
    """
    port = _port(layout, table, host)
    server = f"{LOOPBACK}:{port}"
    password, datastore = host.password_file(layout), host.datastore(layout)
    certificate = layout.state / "ca" / f"{host.name}.pem"
    argv = [str(program), "-name", host.name, *(["-vcenter"] if host.vcenter else [])]
    argv += ["-listen", server, "-username", host.user, "-password-file", str(password)]
    argv += ["-tls-cert", str(certificate), "-tls-key", str(certificate.with_suffix(".key"))]
    argv += ["-datastore-dir", str(datastore), "-rig", mark_of(layout), "-container-network", network.NAME]
    argv += ["-container-subnet", network.SUBNET, "-container-gateway", network.GATEWAY]
    argv += ["-container-range", host.addresses, "-container-roots", str(roots_file(layout))]
    argv += real_machine_arguments(layout, machines)
    inputs = [
        *argv,
        docker.host or "",
        network_id,
        *(hashlib.sha256(file.read_bytes()).hexdigest() for file in (password, certificate)),
    ]
    if table.running(host.name) is None:
        shutil.rmtree(datastore, ignore_errors=True)
    datastore.mkdir(parents=True, exist_ok=True)
    service = Service(host.name, argv, docker.environ, fingerprint(*inputs), STOP_GRACE_SECONDS)
    ca = layout.state / "ca" / "ca.pem"
    table.ensure(service, lambda: unreachable(LOOPBACK, port, ca), START_LIMIT_SECONDS)
    return server


def real_machine_arguments(layout: Layout, machines: Machines) -> list[str]:
    """What lets the simulator run machines by QEMU; nothing where none can be."""
    if not machines.possible:
        return []
    argv = ["-bridge", network.BRIDGE, "-accelerator", machines.accelerator]
    return [*argv, "-dhcp-leases", str(dhcp.leases(layout)), "-dhcp-lease-time", f"{dhcp.LEASE_HOURS}h"]


def unreachable(address: str, port: int, ca: Path) -> str | None:
    """Why no verified TLS connection can be made, in a few words; None when it can."""
    context = ssl.create_default_context(cafile=str(ca))
    try:
        with (
            socket.create_connection((address, port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=address),
        ):
            return None
    except OSError as error:
        return f"{address}:{port}: {error}"
    return None


def _port(layout: Layout, table: ProcessTable, host: SimulatedHost) -> int:
    """The port of the running simulator, the one it had before, the usual one, or any free one; remembered."""
    memory = host.directory(layout) / "port"
    before = int(memory.read_text()) if memory.is_file() else host.usual_port
    if table.running(host.name) is not None and memory.is_file():
        return before
    port = next(free for wish in (before, host.usual_port, 0) if (free := _free_port(wish)) is not None)
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(f"{port}\n")
    return port


def _free_port(wish: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wish))
        except OSError:
            return None
        port: int = probe.getsockname()[1]
        return port
