"""Addresses and names for real machines: dnsmasq on the rig's bridge, as a network of users has it."""

from pathlib import Path

from rig.host import network
from rig.services.process import ProcessTable, Service, fingerprint
from toolchain.layout import Layout
from toolchain.system import host

SERVICE = "dhcp"
LEASE_HOURS = 1
START_LIMIT_SECONDS = 20.0
STOP_GRACE_SECONDS = 10.0
READY = "started, version"


def render(leases: Path) -> str:
    """dnsmasq's configuration.

    A machine is known by the client identifier that it sends, as a real network's servers know it: two guests with one
    machine-id get one address. Leases outlive a power cycle, and a restart of the service.
    """
    return "".join(
        f"{line}\n"
        for line in (
            f"interface={network.BRIDGE}",
            "except-interface=lo",
            "bind-dynamic",
            "no-hosts",
            "no-resolv",
            f"dhcp-range={network.LEASED_FIRST},{network.LEASED_LAST},{network.NETMASK},{LEASE_HOURS}h",
            f"dhcp-option=option:router,{network.GATEWAY}",
            f"dhcp-leasefile={leases}",
            "dhcp-authoritative",
            "no-ping",
            "user=root",
            "pid-file=",
            "log-facility=-",
        )
    )


def ensure(layout: Layout, table: ProcessTable) -> None:
    """Runs dnsmasq; SetupError with its log's end when it does not start."""
    config = directory(layout) / "dnsmasq.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    text = render(leases(layout))
    config.write_text(text)
    argv = ["dnsmasq", "--keep-in-foreground", f"--conf-file={config}"]
    service = Service(SERVICE, argv, {"PATH": host.search_path()}, fingerprint(*argv, text))
    table.ensure(service, lambda: _missing(table.log(SERVICE)), START_LIMIT_SECONDS)


def directory(layout: Layout) -> Path:
    return layout.state / "dhcp"


def leases(layout: Layout) -> Path:
    """Who has which address: the simulated host reads it in place of VMware Tools."""
    return directory(layout) / "leases"


def _missing(log: Path) -> str | None:
    return None if READY in log.read_text(errors="replace") else "it has not said that it serves"
