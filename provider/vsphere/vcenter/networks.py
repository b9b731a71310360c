"""The backing of a network card, by the kind of its network."""

from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import vim
from provider.vsphere.api.session import Session
from provider.vsphere.errors import VsphereError
from provider.vsphere.place import Network
from provider.vsphere.vcenter.inventory import Found, looking

_UPLINKS = "SYSTEM/DVS.UPLINKPG"  # the tag by which those of older switches are known


def network_of(session: Session, called: str, found: Found) -> Network:
    """A standard or distributed port group, `called` so in messages. Raises VsphereError for another kind."""
    if isinstance(found.ref, vim.dvs.DistributedVirtualPortgroup):
        return _distributed(session, called, found.ref)
    if isinstance(found.ref, vim.OpaqueNetwork):
        raise VsphereError(
            f"{called}: this is an opaque network (NSX), whose ports kubelab cannot give to machines; name a "
            "standard or "
            "distributed port group in the site file"
        )
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=found.facts["name"], network=found.ref)
    return Network(found.ref, backing)


def _distributed(session: Session, called: str, ref: Any) -> Network:
    paths = ["key", "tag", "config.distributedVirtualSwitch", "config.uplink", "config.backingType"]
    facts = collector.read(session, looking(session), ref, paths)
    if facts.get("config.uplink") is True or any(tag.key == _UPLINKS for tag in facts.get("tag", [])):
        raise VsphereError(
            f"{called}: this is a port group of uplinks, which are no machine's; name one of its switch's other port "
            "groups"
        )
    if str(facts.get("config.backingType", "standard")) == "nsx":
        raise VsphereError(
            f"{called}: this is a segment of NSX, whose ports kubelab cannot give to machines; name a standard or "
            "distributed port group in the site file"
        )
    switch = facts["config.distributedVirtualSwitch"]
    uuid = collector.read(session, looking(session), switch, ["uuid"])["uuid"]
    port = vim.dvs.PortConnection(portgroupKey=facts["key"], switchUuid=uuid)
    return Network(ref, vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port))
