"""A machine as it is declared and as the host shows it, from which tests change what they are about."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from provider.vsphere import identity
from provider.vsphere.desired import DesiredMachine, Hardware
from provider.vsphere.devices import Card, Controller
from provider.vsphere.model import Disk, ObservedMachine

GIB = 1024**3
INSTANCE = "6f1c0d1e-6c0e-5c1b-9a3e-2f4b8d7a9c55"
FOLDER = f"[ds] w1-{INSTANCE}/"
DECLARED = DesiredMachine(
    name="w1",
    hardware=Hardware(cpus=2, memory_mib=1024, nested_virtualization=True),
    disk_gib=4,
    image_disk="[ds] base/disk.vmdk",
    image_sha256="0" * 64,
    datastore="ds",
    network="VM Network",
    machine_network=IPv4Network("10.87.0.0/24"),
    ssh_user="lab",
    ssh_public_key="ssh-ed25519 AAAA lab",
    host_key_private="a private key",
    host_key_public="ssh-ed25519 AAAA w1",
    extra_config={"user.note": "passed through"},
)
FOUND = ObservedMachine(
    moid="7",
    name="w1",
    instance_uuid=INSTANCE,
    power_state="poweredOn",
    hardware=DECLARED.hardware,
    vmx_path=f"{FOLDER}w1.vmx",
    guest_id="debian12_64Guest",
    firmware="efi",
    hardware_version="vmx-19",
    controller_kind="ParaVirtualSCSIController",
    disks=(Disk(2000, 1000, 0, f"{FOLDER}w1.vmdk", 4 * GIB),),
    mac="00:0c:29:00:00:01",
    network="VM Network",
    addresses=("10.87.0.11",),
    tools="guestToolsRunning",
    seen_macs=("00:0c:29:00:00:01",),
    extra_config={"user.note": "passed through"},
    cards=(Card(4000, "00:0c:29:00:00:01", "VM Network"),),
    controllers=(Controller(1000, "ParaVirtualSCSIController", (0,)),),
)


def declared(**changed: Any) -> DesiredMachine:
    """The declared machine with other fields; cpus, memory_mib, nested_virtualization are its hardware's."""
    hardware = {name: changed.pop(name) for name in list(changed) if hasattr(DECLARED.hardware, name)}
    return replace(DECLARED, hardware=replace(DECLARED.hardware, **hardware), **changed)


def with_disk(
    found: ObservedMachine, name: str, gib: int, *, unit: int = 1, base: str = "", mark: bool = True
) -> ObservedMachine:
    """The found machine with a further disk of this name, marked as its own or not."""
    path = found.extra_disk_path(name)
    disk = Disk(2000 + unit, 1000, unit, path, gib * GIB, base)
    marked = sorted({*found.marked_disks, name}) if mark else found.marked_disks
    return replace(
        found,
        disks=(*found.disks, disk),
        controllers=tuple(replace(each, units=(*each.units, unit)) for each in found.controllers),
        extra_config={**found.extra_config, identity.DISKS_KEY: " ".join(marked)},
    )


def with_card(found: ObservedMachine, card: Card, *, mark: bool = True) -> ObservedMachine:
    """The found machine with a further card, marked as given or not."""
    marked = [*found.marked_macs, card.mac] if mark else found.marked_macs
    return replace(
        found,
        cards=(*found.cards, card),
        extra_config={**found.extra_config, identity.CARDS_KEY: " ".join(marked)},
    )
