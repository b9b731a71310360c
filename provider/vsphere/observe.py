"""What the host says about a machine, as plain data. No calls."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from provider.vsphere import identity, paths
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.conditions import connection_state, machine_state
from provider.vsphere.desired import HARDWARE, Hardware
from provider.vsphere.devices import Card, Controller, primary_of
from provider.vsphere.lifecycle import firmware
from provider.vsphere.lifecycle.declared import DesiredDisk
from provider.vsphere.model import Disk, MachineState, ObservedMachine

GIB = 1024**3
GUEST_PATHS = (
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.question",
    "guest.toolsRunningStatus",
    "guest.net",
    "config.hardware.device",
)
PATHS = (
    "name",
    "config.instanceUuid",
    *(row.path for row in HARDWARE.values()),
    "config.files.vmPathName",
    "summary.config.vmPathName",
    "config.guestId",
    "config.firmware",
    "config.bootOptions.efiSecureBootEnabled",
    "config.version",
    "config.cpuHotAddEnabled",
    "config.memoryHotAddEnabled",
    "config.template",
    "config.extraConfig",
    machine_state.SNAPSHOTS,
    *GUEST_PATHS,
)


def from_facts(moid: str, facts: Facts) -> ObservedMachine:
    """The machine that these properties (some of PATHS) describe."""
    devices: Sequence[Any] = facts.get("config.hardware.device", [])
    vmx_path = facts.get("config.files.vmPathName") or facts.get("summary.config.vmPathName", "")
    disks = tuple(_disk(device) for device in devices if isinstance(device, vim.vm.device.VirtualDisk))
    runs = str(facts.get("runtime.powerState", "")) == "poweredOn"
    nics = [device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)]
    cards, marks = tuple(_card(device, runs=runs) for device in nics), extra_config(facts)
    primary = primary_of(cards, marks.get(identity.CARDS_KEY, "").split())
    mac = (primary.mac or None) if primary else None
    guest_nics: Sequence[Any] = facts.get("guest.net", [])
    return ObservedMachine(
        moid=moid,
        name=facts.get("name", ""),
        instance_uuid=facts.get("config.instanceUuid", ""),
        power_state=str(facts.get("runtime.powerState", "")),
        hardware=Hardware(**{name: facts.get(row.path, row.values.empty) for name, row in HARDWARE.items()}),
        vmx_path=vmx_path,
        guest_id=facts.get("config.guestId", ""),
        firmware=facts.get("config.firmware", ""),
        hardware_version=facts.get("config.version", ""),
        controller_kind=_controller_kind(devices, disks, vmx_path),
        disks=disks,
        mac=mac,
        network=(primary.network or None) if primary else None,
        addresses=tuple(ip for guest in guest_nics if (guest.macAddress or "").lower() == mac for ip in _ipv4(guest)),
        tools=str(facts.get("guest.toolsRunningStatus", "unknown")),
        seen_macs=tuple(guest.macAddress for guest in guest_nics if guest.macAddress),
        extra_config=marks,
        question=machine_state.question(facts),
        snapshots=machine_state.snapshot_names(facts),
        secure_boot=facts.get("config.bootOptions.efiSecureBootEnabled") is True,
        template=facts.get("config.template") is True,
        connection=str(facts.get("runtime.connectionState", connection_state.CONNECTED)),
        cards=cards,
        controllers=_controllers(devices),
        cpu_hot_add=facts.get("config.cpuHotAddEnabled") is True,
        memory_hot_add=facts.get("config.memoryHotAddEnabled") is True,
    )


def extra_config(facts: Facts) -> dict[str, str]:
    """The extraConfig that is in these properties."""
    return {option.key: str(option.value) for option in facts.get("config.extraConfig", [])}


def address_in(machine: ObservedMachine, network: IPv4Network) -> str | None:
    """The machine's first address inside the machine network."""
    return next((ip for ip in machine.addresses if IPv4Address(ip) in network), None)


def state(machine: ObservedMachine, network: IPv4Network | None) -> MachineState:
    """What callers keep of an observed machine."""
    root = machine.root_disk
    return MachineState(
        instance_uuid=machine.instance_uuid,
        moid=machine.moid,
        name=machine.name,
        mac=machine.mac,
        address=address_in(machine, network) if network is not None else next(iter(machine.addresses), None),
        hardware=machine.hardware,
        disk_gib=root.capacity // GIB if root else 0,
        datastore=paths.split(machine.vmx_path)[0],
        network=machine.network,
        powered_on=machine.powered_on,
        ready=machine.extra_config.get(identity.PHASE_KEY) == identity.READY,
        extra_config=machine.extra_config,
        suspended=machine.power_state == machine_state.SUSPENDED,
        hardware_version=version_number(machine.hardware_version),
        cards=tuple(card for card in machine.cards if card.mac in machine.marked_macs),
        disks={
            name: DesiredDisk(name, disk.capacity // GIB, disk.thin)
            for name, disk in ((name, machine.extra_disk(name)) for name in machine.marked_disks)
            if disk is not None
        },
        firmware=firmware.of(machine),
        lost_firmware=firmware.lost(machine),
        card_connected=machine.primary_card is None or machine.primary_card.connected,
    )


def version_number(version: str) -> int:
    """The number of a hardware version such as vmx-19, 0 for what is none."""
    number = version.removeprefix("vmx-")
    return int(number) if number.isdecimal() else 0


def network_id(backing: Any) -> str:
    """What tells networks of cards apart, by a backing: the name of a port group, or the key of a distributed one."""
    port = getattr(backing, "port", None)
    known = getattr(backing, "deviceName", None) or getattr(port, "portgroupKey", None)
    return str(known or getattr(backing, "opaqueNetworkId", None) or "")


def _card(device: Any, *, runs: bool) -> Card:
    state = device.connectable
    connected = state is None or (state.connected if runs else state.startConnected) is not False
    return Card(
        key=int(device.key),
        mac=(device.macAddress or "").lower(),
        network=network_id(device.backing),
        connected=connected,
        kind=type(device).__name__.rsplit(".", 1)[-1],
        address_type=str(device.addressType or "generated"),
    )


def _controllers(devices: Sequence[Any]) -> tuple[Controller, ...]:
    device = vim.vm.device
    return tuple(
        Controller(
            int(found.key),
            type(found).__name__.rsplit(".", 1)[-1],
            tuple(int(each.unitNumber or 0) for each in devices if each.controllerKey == found.key),
        )
        for found in devices
        if isinstance(found, device.VirtualController)
    )


def _disk(device: Any) -> Disk:
    capacity = device.capacityInBytes or (device.capacityInKB or 0) * 1024
    return Disk(
        key=int(device.key),
        controller_key=int(device.controllerKey or 0),
        unit=int(device.unitNumber or 0),
        path=str(device.backing.fileName),
        capacity=int(capacity),
        base=(_parents(device.backing) or (str(device.backing.fileName),))[-1],
        parents=_parents(device.backing),
        thin=getattr(device.backing, "thinProvisioned", None) is not False,
    )


def _parents(backing: Any) -> tuple[str, ...]:
    found = []
    while (backing := getattr(backing, "parent", None)) is not None:
        found.append(str(backing.fileName))
    return tuple(found)


def _controller_kind(devices: Sequence[Any], disks: Sequence[Disk], vmx_path: str) -> str:
    """The class name of the controller that the first disk of its own folder hangs on, "" if there is none."""
    own = vmx_path.rpartition("/")[0] + "/"
    key = next((disk.controller_key for disk in disks if disk.path.startswith(own)), None)
    return next((type(device).__name__.rsplit(".", 1)[-1] for device in devices if device.key == key), "")


def _ipv4(guest_nic: Any) -> list[str]:
    """Usable IPv4 addresses of a NIC as the guest reports them: preferred ones first, no loopback, no link-local."""
    reported = list(guest_nic.ipConfig.ipAddress) if guest_nic.ipConfig is not None else []
    usable = [entry.ipAddress for entry in reported if entry.state in (None, "preferred", "unknown")]
    candidates = usable or ([] if reported else list(guest_nic.ipAddress or []))
    return [ip for ip in candidates if _is_usable(ip)]


def _is_usable(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
