"""Addresses and MACs that are declared: in the first-boot data, on the card, in the wait, and against others."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import Any

import pytest
import yaml

from provider import virtual_machine
from provider.resource import Change, Operation
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import RefusedError, VsphereError
from provider.vsphere.lifecycle.declared import DesiredCard
from provider.vsphere.making import cloudinit
from provider.vsphere.model import HalfMadeError
from provider.wire import UNKNOWN
from tests.vsphere.conftest import OWNER, Driver
from tests.vsphere.machines.test_settings import PROPERTIES
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

MAC = "00:50:56:17:00:0b"
STATIC = {
    "manualMacAddress": MAC,
    "staticAddress": "10.87.0.11/24",
    "gateway": "10.87.0.1",
    "nameServers": ["10.87.0.2", "192.0.2.53"],
    "searchDomains": ["lab.example"],
}
TYPE = virtual_machine.VirtualMachine()


@pytest.fixture
def static(w1: DesiredMachine) -> DesiredMachine:
    """w1 with an address of its own, which its guest reports at once."""
    return replace(
        w1,
        manual_mac=MAC,
        static_address=IPv4Interface("10.87.0.11/24"),
        gateway="10.87.0.1",
        name_servers=("10.87.0.2", "192.0.2.53"),
        search_domains=("lab.example",),
    )


def metadata(keys: Mapping[str, str]) -> Mapping[str, Any]:
    """What cloud-init reads of guestinfo."""
    found: Mapping[str, Any] = yaml.safe_load(b64decode(keys["guestinfo.metadata"]))
    return found


def card(simulator: Simulator, name: str) -> Any:
    """The network card of a machine, as the host shows it."""
    devices = simulator.facts(name, "config.hardware.device")["config.hardware.device"]
    (found,) = [device for device in devices if getattr(device, "macAddress", None)]
    return found


def test_a_static_address_is_in_the_first_boot_data_by_the_mac_that_the_card_has(
    simulator: Simulator, driver: Driver, static: DesiredMachine
) -> None:
    state = driver.create(static)
    assert (state.mac, state.address) == (MAC, "10.87.0.11")
    assert (card(simulator, "w1").macAddress, card(simulator, "w1").addressType) == (MAC, "manual")
    assert metadata(simulator.extra_config("w1"))["network"] == {
        "version": 2,
        "ethernets": {
            "eth0": {
                "match": {"macaddress": MAC},
                "set-name": "eth0",
                "dhcp4": False,
                "dhcp6": False,
                "addresses": ["10.87.0.11/24"],
                "routes": [{"to": "0.0.0.0/0", "via": "10.87.0.1"}],
                "nameservers": {"addresses": ["10.87.0.2", "192.0.2.53"], "search": ["lab.example"]},
            }
        },
    }


def test_a_mac_for_a_reservation_leaves_the_guest_to_dhcp(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    assert driver.create(replace(w1, manual_mac=MAC)).mac == MAC
    assert "network" not in metadata(simulator.extra_config("w1"))


def test_a_machine_without_either_is_made_as_ever(w1: DesiredMachine, static: DesiredMachine) -> None:
    assert metadata(cloudinit.guestinfo(w1, "uuid")).keys() == {"instance-id", "local-hostname", "redact"}
    seeds = {cloudinit.seed(each) for each in (w1, replace(w1, manual_mac=MAC), static, replace(static, gateway=""))}
    assert len(seeds) == 4


def test_another_address_of_the_network_is_not_the_declared_one(driver: Driver, static: DesiredMachine) -> None:
    elsewhere = replace(static, extra_config={"SET.guest.ipAddress": "10.87.0.77"})
    with pytest.raises(HalfMadeError) as caught:
        driver.create(elsewhere, seconds=2)
    message = str(caught.value)
    assert "waiting for the address 10.87.0.11 of w1: not done after 2 s" in message
    assert f"NIC {MAC}" in message
    assert "addresses of our NIC 10.87.0.77" in message
    assert "the guest did not take 10.87.0.11, which it was given for the card of that MAC" in message


def test_a_mac_that_was_changed_on_the_host_is_told_and_nothing_is_done(
    simulator: Simulator, driver: Driver, static: DesiredMachine
) -> None:
    driver.create(static)
    with pytest.raises(VsphereError, match=f"has the MAC {MAC}, it was made with 00:50:56:00:00:99, .*set the card's"):
        driver.update(replace(static, manual_mac="00:50:56:00:00:99", disk_gib=5))
    assert driver.read(static) is not None
    assert card(simulator, "w1").macAddress == MAC


@pytest.mark.case("V16")
def test_a_mac_or_an_address_of_another_machine_is_told_before_anything_is_made(
    simulator: Simulator, driver: Driver, static: DesiredMachine
) -> None:
    driver.create(static)
    w2 = WantedMachine("w2", 4, 1024, DATASTORE, NETWORK, mac=MAC, address="10.87.0.11")
    texts = {finding.text: finding.blocks for finding in conditions(driver.place, OWNER, [w2])}
    assert texts == {
        f"machine w2: its MAC {MAC} is that of machine w1; give node w2 another macAddress, or remove that card": True,
        "machine w2: its address 10.87.0.11 is held by machine w1; give one of the two another address, or let that "
        "machine go first": True,
    }
    further = WantedMachine("w2", 4, 1024, DATASTORE, NETWORK, cards=(DesiredCard(NETWORK, mac=MAC),))
    (taken,) = conditions(driver.place, OWNER, [further])
    assert f"machine w2: its MAC {MAC} is that of machine w1" in taken.text
    simulator.power_off("w1")
    (off,) = conditions(driver.place, OWNER, [w2])
    assert ("which is off just now" in off.text, off.blocks) == (True, False)
    w1 = replace(w2, name="w1")
    assert conditions(driver.place, OWNER, [w1]) == []


@pytest.mark.case("V16")
def test_a_machine_of_ours_that_was_renamed_holds_its_own_mac_and_address(
    simulator: Simulator, driver: Driver, static: DesiredMachine
) -> None:
    driver.create(static)
    simulator.run_task(simulator.machines()["w1"].Rename_Task("w1-old"))
    w1 = WantedMachine("w1", 4, 1024, DATASTORE, NETWORK, mac=MAC, address="10.87.0.11")
    assert conditions(driver.place, OWNER, [w1]) == []
    assert len(conditions(driver.place, OWNER, [replace(w1, name="w2")])) == 2, "another one's they are as ever"
    assert len(conditions(driver.place, "kubelab/other", [w1])) == 2
    assert driver.update(static).name == "w1"


def test_a_preview_knows_the_address_and_the_mac_that_are_declared() -> None:
    operation = Operation("w1", "kubelab/test", 0, *[lambda *_: None] * 5)  # type: ignore[arg-type]
    known = TYPE.preview_create(operation, {**PROPERTIES, **STATIC})
    assert (known["ipAddress"], known["macAddress"], known["moid"]) == ("10.87.0.11", MAC, UNKNOWN)
    by_dhcp = TYPE.preview_create(operation, {**PROPERTIES, "manualMacAddress": MAC})
    assert (by_dhcp["ipAddress"], by_dhcp["macAddress"]) == (UNKNOWN, MAC)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("staticAddress", "10.87.0.12/24", "its address, with the prefix of addresses.network, is '10.87.0.12/24'"),
        ("staticAddress", None, "is none, was '10.87.0.11/24'"),
        ("manualMacAddress", "00:50:56:00:00:01", "the machine's MAC is '00:50:56:00:00:01'"),
        ("gateway", "10.87.0.254", "addresses.gateway is '10.87.0.254', was '10.87.0.1'"),
        ("nameServers", ["10.87.0.3"], "addresses.nameServers is ['10.87.0.3']"),
        ("searchDomains", [], "addresses.searchDomains is []"),
    ],
)
def test_what_a_guest_is_told_once_makes_another_machine_and_spares_a_control_plane(
    key: str, value: object, told: str
) -> None:
    before = {**PROPERTIES, **STATIC, "holds": "its etcd"}
    after = {name: each for name, each in {**before, key: value}.items() if each is not None}
    changes = TYPE.diff(before, after)
    assert [(change.key, change.change) for change in changes] == [(key, Change.REPLACE)]
    with pytest.raises(RefusedError) as refused:
        TYPE.replacement(before, after, changes)
    assert told in str(refused.value)
    assert "its etcd is lost" in (TYPE.replacement(before, {**after, "allowReplace": True}, changes) or "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("manualMacAddress", "00:50:56:0B:00:01"),
        ("manualMacAddress", "00:50:56"),
        ("staticAddress", "10.87.0.11"),
        ("staticAddress", "10.87.0.256/24"),
        ("gateway", "10.87.0.1/24"),
        ("nameServers", "10.87.0.2"),
        ("nameServers", ["ns.lab"]),
        ("searchDomains", [""]),
    ],
)
def test_what_is_no_address_is_refused_by_the_provider(key: str, value: object) -> None:
    assert list(TYPE.check({**PROPERTIES, **STATIC, key: value})) == [key]


def test_a_static_address_needs_a_mac_to_be_known_by() -> None:
    assert TYPE.check({**PROPERTIES, **STATIC}) == {}
    without = {**PROPERTIES, **STATIC}
    del without["manualMacAddress"]
    assert "without manualMacAddress" in TYPE.check(without)["staticAddress"]
