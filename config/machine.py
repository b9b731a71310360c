"""What a user may write about a virtual machine, in a site file for all of them, in a stack file for one."""

from typing import Annotated

from pydantic import AfterValidator, Field

from config.locations import OvaLocation
from config.model import Spec
from config.scalars import Cpus, DiskGiB, MemoryMiB, Sha256

_OWNED_PREFIXES = ("guestinfo.", "kubelab.")


def _not_owned(entries: dict[str, str]) -> dict[str, str]:
    owned = [key for key in entries if key.lower().startswith(_OWNED_PREFIXES)]
    if owned:
        raise ValueError(f"found {', '.join(owned)}: kubelab sets guestinfo.* and kubelab.* itself; remove it")
    return entries


ExtraConfig = Annotated[dict[str, str], AfterValidator(_not_owned)]


class ImageSpec(Spec):
    """A node image as an OVA, with its checksum."""

    ova: OvaLocation = Field(description="the OVA: a path, an https:// URL or a file:/// URL")
    sha256: Sha256 = Field(description="the SHA-256 sum of the OVA, 64 hexadecimal digits")


class MachineSpec(Spec):
    """The size of the virtual machines."""

    cpus: Cpus = Field(default=2, description="the number of virtual CPUs; a control plane needs 2")
    memory_mib: MemoryMiB = Field(default=4096, description="memory in MiB, in fours; a control plane needs 1700")
    disk_gib: DiskGiB = Field(default=40, description="the size of the disk in GiB; not below the image's")
    nested_virtualization: bool = Field(default=True, description="whether the CPU's virtualization is passed on")
    extra_config: ExtraConfig = Field(default_factory=dict, description="further settings of the VM")


class MachineOverride(Spec):
    """What of the site's machine is different on one node; extraConfig is added to the site's."""

    cpus: Cpus | None = Field(default=None, description="the number of virtual CPUs; a control plane needs 2")
    memory_mib: MemoryMiB | None = Field(default=None, description="memory in MiB, in fours")
    disk_gib: DiskGiB | None = Field(default=None, description="the size of the disk in GiB; not below the image's")
    nested_virtualization: bool | None = Field(default=None, description="whether virtualization is passed on")
    extra_config: ExtraConfig = Field(default_factory=dict, description="further settings, added to the site's")
