"""The table of a machine's settings: each row is a property of the protocol, at the value that it becomes. Pure.

Check, diff, drift and specification go by it. A setting that is a value of its own in the API is one more row in
`Hardware`. Bounds are what vSphere takes (configuration maximums of ESXi 8); a lab's own minimum is config's matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network
from typing import Annotated, Any

from provider.vsphere.fields import (
    ADDRESS,
    ADDRESSES,
    DOMAINS,
    EXTRA_CONFIG,
    INTERFACE,
    LABEL,
    MAC,
    NETWORK,
    POWER,
    SHA256,
    TRUTH,
    Effect,
    Field,
    rows,
    text,
    whole,
)
from provider.vsphere.lifecycle.declared import CARDS, DISKS, DesiredCard, DesiredDisk

NESTED_MIN_HARDWARE = 9  # the hardware version that nested virtualization needs
SECURE_BOOT_MIN_HARDWARE = 13  # the one that Secure Boot needs
_CPUS = whole(1, 768)
_MIB = whole(128, 24 * 1024**2, of="MiB", step=4)
_GIB = whole(1, 62 * 1024, of="GiB")
_VERSION = whole(7, 99)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the API shows and sets by one property each, as wanted or as found."""

    cpus: Annotated[int, Field("cpus", _CPUS, Effect.POWER_CYCLE, "config.hardware.numCPU", "numCPUs")]
    memory_mib: Annotated[int, Field("memoryMiB", _MIB, Effect.POWER_CYCLE, "config.hardware.memoryMB", "memoryMB")]
    nested_virtualization: Annotated[
        bool, Field("nestedVirtualization", TRUTH, Effect.POWER_CYCLE, "config.nestedHVEnabled", "nestedHVEnabled")
    ]


@dataclass(frozen=True, slots=True)
class DesiredMachine:
    """What a machine should be. `image_disk` is the datastore path of the imported image's disk.

    `template` names the vCenter's own template that it is made of, where it is none of an image that was imported.
    `may_lack_nested_virtualization`: a host that does not offer it, or ignores it, makes the machine without.
    `manual_mac` is its first card's, "" for one that the host makes. With `static_address` that card asks no DHCP: what
    it is given instead is read at the first boot alone, as its name and keys are. `cards` and `disks` are those besides
    the ones it is made with; `hardware_version` None is that of the image, or its own.
    """

    name: Annotated[str, Field("name", LABEL, Effect.REPLACE)]
    hardware: Hardware
    disk_gib: Annotated[int, Field("diskGiB", _GIB, Effect.GROWTH)]
    image_disk: Annotated[str, Field("image", text("an image's diskPath"), Effect.NOTHING)]
    image_sha256: Annotated[str, Field("imageSha256", SHA256, Effect.REPLACE)]
    datastore: Annotated[str, Field("datastore", text("a datastore's name"), Effect.REPLACE)]
    network: Annotated[str, Field("network", text("a network's name"), Effect.REPLACE)]
    machine_network: Annotated[IPv4Network, Field("machineNetwork", NETWORK, Effect.IN_PLACE)]
    ssh_user: Annotated[str, Field("sshUser", text("a user name"), Effect.REPLACE)]
    ssh_public_key: Annotated[str, Field("sshPublicKey", text("a public key"), Effect.REPLACE)]
    host_key_private: Annotated[
        str, Field("hostKeyPrivate", text("a private key (its value is not shown)"), Effect.REPLACE, secret=True)
    ] = field(repr=False)
    host_key_public: Annotated[str, Field("hostKeyPublic", text("a public key"), Effect.REPLACE)]
    may_lack_nested_virtualization: Annotated[
        bool, Field("mayLackNestedVirtualization", TRUTH, Effect.IN_PLACE, optional=True)
    ] = False
    template: Annotated[str, Field("template", text("a template's name"), Effect.NOTHING, optional=True)] = ""
    extra_config: Annotated[Mapping[str, str], Field("extraConfig", EXTRA_CONFIG, Effect.BY_KEY, optional=True)] = (
        field(default_factory=dict)
    )
    manual_mac: Annotated[str, Field("manualMacAddress", MAC, Effect.REPLACE, optional=True)] = ""
    static_address: Annotated[
        IPv4Interface | None, Field("staticAddress", INTERFACE, Effect.REPLACE, optional=True)
    ] = None
    gateway: Annotated[str, Field("gateway", ADDRESS, Effect.REPLACE, optional=True)] = ""
    name_servers: Annotated[tuple[str, ...], Field("nameServers", ADDRESSES, Effect.REPLACE, optional=True)] = ()
    search_domains: Annotated[tuple[str, ...], Field("searchDomains", DOMAINS, Effect.REPLACE, optional=True)] = ()

    hardware_version: Annotated[int | None, Field("hardwareVersion", _VERSION, Effect.RAISE, optional=True)] = None
    cards: Annotated[tuple[DesiredCard, ...], Field("networks", CARDS, Effect.CARDS, optional=True)] = ()
    disks: Annotated[tuple[DesiredDisk, ...], Field("extraDisks", DISKS, Effect.DISKS, optional=True)] = ()
    power: Annotated[str, Field("power", POWER, Effect.IN_PLACE, optional=True)] = "on"

    @property
    def reached_in(self) -> IPv4Network:
        """Where its address must lie: the machine network, or with a static address that one alone."""
        return self.machine_network if self.static_address is None else IPv4Network(self.static_address.ip)


HARDWARE = rows(Hardware)
_OTHERS = rows(DesiredMachine)
FIELDS = (*HARDWARE.values(), *_OTHERS.values())


def desired_machine(properties: Mapping[str, Any]) -> DesiredMachine:
    """Checked properties as the driver wants them."""
    return DesiredMachine(hardware=Hardware(**_values(HARDWARE, properties)), **_values(_OTHERS, properties))


def hardware_properties(hardware: Hardware) -> dict[str, Any]:
    """Hardware as properties."""
    return {row.name: getattr(hardware, attribute) for attribute, row in HARDWARE.items()}


def _values(table: Mapping[str, Field], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        attribute: row.values.convert(properties[row.name])
        for attribute, row in table.items()
        if row.name in properties
    }
