"""Who holds an address that is declared for a machine of a lab."""

import pytest
from pyVmomi import vim

from provider.vsphere.conditions import address_holders
from provider.vsphere.conditions.wanted import WantedMachine, parsed

WANTED = """[{"name": "w1", "diskGiB": 4, "memoryMiB": 1024, "datastore": "ds", "network": "lab/net",
              "address": "192.168.100.11"}]"""


def held_in(network: str | None) -> list[str]:
    (wanted,) = parsed(WANTED)
    assert isinstance(wanted, WantedMachine)
    card = vim.vm.GuestInfo.NicInfo(network=network, ipAddress=["192.168.100.11", "fe80::1"])
    found = {"name": "other", "runtime.powerState": "poweredOn", "guest.net": [card]}
    return [finding.text for finding in address_holders.of_machines("kubelab/test", [wanted], [found])]


@pytest.mark.parametrize("network", ["net", None])
def test_an_address_that_another_machine_holds_is_told(network: str | None) -> None:
    (text,) = held_in(network)
    assert text.startswith("machine w1: its address 192.168.100.11 is held by machine other")


def test_an_equal_address_in_a_network_apart_is_nothing_to_a_lab() -> None:
    assert held_in("another lab's") == []
