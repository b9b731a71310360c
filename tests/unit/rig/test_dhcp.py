"""Addresses of real machines: a half of the lab's network of their own, and what the simulated host knows of it."""

import shutil
import subprocess
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from rig.host import network
from rig.host.machine_kind import Accelerator, Machines
from rig.services import dhcp
from rig.services.simulator import real_machine_arguments
from toolchain.layout import layout_of


def settings(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines())


def test_no_address_is_both_leased_and_given_to_a_container() -> None:
    containers, subnet = IPv4Network(network.CONTAINERS), IPv4Network(network.SUBNET)
    first, last = IPv4Address(network.LEASED_FIRST), IPv4Address(network.LEASED_LAST)
    assert containers.subnet_of(subnet)
    assert IPv4Address(network.GATEWAY) in containers
    assert containers.broadcast_address < first < last < subnet.broadcast_address
    assert str(subnet.netmask) == network.NETMASK


def test_the_end_of_the_network_is_nobodys_so_that_a_user_may_fix_addresses() -> None:
    assert int(IPv4Network(network.SUBNET).broadcast_address) - int(IPv4Address(network.LEASED_LAST)) >= 10


def test_leases_are_given_on_the_labs_bridge_alone(tmp_path: Path) -> None:
    given = settings(dhcp.render(tmp_path / "leases"))
    assert (given["interface"], given["except-interface"]) == (network.BRIDGE, "lo")
    assert "bind-dynamic" in given
    assert given["dhcp-range"] == f"{network.LEASED_FIRST},{network.LEASED_LAST},{network.NETMASK},1h"
    assert given["dhcp-leasefile"] == str(tmp_path / "leases")


def test_machines_are_known_as_a_real_network_knows_them(tmp_path: Path) -> None:
    """By the client identifier: an image whose machines share a machine-id shows, as on a user's network."""
    assert "dhcp-ignore-clid" not in settings(dhcp.render(tmp_path / "leases"))


def test_names_that_the_lab_does_not_know_are_asked_of_nobody(tmp_path: Path) -> None:
    assert {"no-resolv", "no-hosts"} <= set(settings(dhcp.render(tmp_path / "leases")))


@pytest.mark.host
def test_dnsmasq_takes_its_configuration(tmp_path: Path) -> None:
    program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    assert program, "no dnsmasq; run: make test, or apt-get install dnsmasq-base"
    config = tmp_path / "dnsmasq.conf"
    config.write_text(dhcp.render(tmp_path / "leases"))
    done = subprocess.run([program, "--test", f"--conf-file={config}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_simulated_host_reads_the_leases_that_are_given(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, {"KUBELAB_CACHE": str(tmp_path)})
    possible = Machines(real=True, possible=True, accelerator=Accelerator.KVM, why="")
    argv = real_machine_arguments(layout, possible)
    given = dict(zip(argv[::2], argv[1::2], strict=True))
    assert given == {
        "-bridge": network.BRIDGE,
        "-accelerator": "kvm",
        "-dhcp-leases": str(dhcp.leases(layout)),
        "-dhcp-lease-time": "1h",
    }
    impossible = Machines(real=False, possible=False, accelerator=Accelerator.TCG, why="")
    assert real_machine_arguments(layout, impossible) == []
