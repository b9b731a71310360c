"""The simulated hosts of the rig: two standalone ESXi hosts and a vCenter, side by side on one network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rig.site import Target
from toolchain.layout import Layout


@dataclass(frozen=True, slots=True)
class SimulatedHost:
    """`name`: of its service, its folder in `.rig` and its certificate; `addresses`: the part of the machines' network
    that its containers have, so that no two hosts give one twice; `keys`: what a site file says of places on it."""

    name: str
    usual_port: int
    addresses: str
    user: str = "root"
    vcenter: bool = False
    keys: Mapping[str, str] = field(default_factory=lambda: {"datastore": "LocalDS_0", "network": "VM Network"})

    def directory(self, layout: Layout) -> Path:
        return layout.state / self.name

    def password_file(self, layout: Layout) -> Path:
        return self.directory(layout) / "password"

    def datastore(self, layout: Layout) -> Path:
        return self.directory(layout) / "datastore"

    def target(self, server: str) -> Target:
        """The host as a site file has it; `server`: its host:port."""
        return Target(self.name, server, self.user, f"{self.name}/password", self.keys)


ESXI = SimulatedHost("esxi", 8989, "10.87.0.0/26")
ESXI_2 = SimulatedHost("esxi-2", 8990, "10.87.0.64/27")
VCENTER = SimulatedHost(
    "vcenter",
    8991,
    "10.87.0.96/28",
    "administrator@vsphere.local",
    vcenter=True,
    # Its inventory is in rig/esxi/vcenter.go.
    keys={
        "datacenter": "DC0",
        "cluster": "DC0_C0",
        "resourcePool": "lab",
        "folder": "lab/nodes",
        "datastore": "DC0_POD0",
        "network": "DC0_DVPG0",
        "clone": "linked",
    },
)
ALL = (ESXI, ESXI_2, VCENTER)
# Addresses of the machines' network that no simulated host gives, for machines that none has made.
BARE_MACHINES = "10.87.0.112/28"
# The site files that name them, beside `.rig/site.yaml`, which names the first.
SITES: Mapping[str, Iterable[SimulatedHost]] = {
    "site.yaml": (ESXI,),
    "site-two-hosts.yaml": (ESXI, ESXI_2),
    "site-vcenter.yaml": (VCENTER,),
}
