"""StandaloneHost: an ESXi host that no vCenter manages, as a place of machines."""

import urllib.parse
from functools import cached_property
from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions import reading
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import GoneError, RefusedError, VsphereError
from provider.vsphere.making.promises import Promise
from provider.vsphere.paths import unescaped
from provider.vsphere.place import Cloning, Datastore, Network, Turns, UploadTarget
from provider.vsphere.placement import Placement, foreign_keys

_OTHER_NETWORKS = (
    (vim.dvs.DistributedVirtualPortgroup, "a distributed port group"),
    (vim.OpaqueNetwork, "an opaque network (NSX)"),
)


def connected(endpoint: Endpoint, placement: Placement, cancel: CancelToken) -> "StandaloneHost":
    """The host, which is logged in to at its first use. What a placement says is a vCenter's."""

    def accept(doing: str, about: Any) -> None:
        _accept(doing, about)
        if placement.said:
            raise foreign_keys(doing, about, placement)

    return StandaloneHost(Session(endpoint, cancel, accept))


class StandaloneHost:
    """One datacenter, one folder, one resource pool; datastores and networks by their names."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.turns = Turns()
        session.evidence = lambda: reading.evidence(self)

    @cached_property
    def identity(self) -> str:
        """See Place: the first digits of the UUID of the host's board."""
        (host,) = self.hosts
        return str(self._read(host, "hardware.systemInfo.uuid")).replace("-", "")[:12].lower()

    @cached_property
    def datacenter(self) -> Any:
        """The host's only datacenter."""
        return self._read(self.session.content.rootFolder, "childEntity")[0]

    @cached_property
    def folder(self) -> Any:
        """The folder of all machines."""
        return self._read(self.datacenter, "vmFolder")

    @cached_property
    def pool(self) -> Any:
        """The root resource pool."""
        return self._read(self._computer, "resourcePool")

    @cached_property
    def _computer(self) -> Any:
        return self._read(self._read(self.datacenter, "hostFolder"), "childEntity")[0]

    @cached_property
    def hosts(self) -> tuple[Any, ...]:
        """See Place: the one."""
        return tuple(self._read(self._computer, "host"))

    @property
    def host(self) -> None:
        """There is only one."""
        return None

    @property
    def any_host(self) -> None:
        """See Place."""
        return None

    @property
    def cloning(self) -> Cloning | None:
        """See Place: a host alone clones nothing."""
        return None

    def image_scope(self, datastore: str) -> str:
        """See Place."""
        return datastore

    def template(self, name: str) -> Any:
        """See Place."""
        raise VsphereError(
            f"image {name}: {self.session.name} is an ESXi host, and templates are a vCenter's; name an ova instead"
        )

    @cached_property
    def offers_nested_virtualization(self) -> bool:
        """See Place; a host that does not say is asked to do it."""
        (host,) = self.hosts
        return self._read(host, "capability.nestedHVSupported") is not False

    @cached_property
    def hardware_versions(self) -> tuple[int, ...]:
        """See Place."""
        browser = self._read(self._computer, "environmentBrowser")
        offered = self.session.read(self._looking, browser.QueryConfigOptionDescriptor) if browser else []
        keys = [str(each.key).removeprefix("vmx-") for each in offered if each.createSupported is not False]
        return tuple(sorted(int(key) for key in keys if key.isdigit()))

    def datastore(self, name: str, _promise: Promise | None = None) -> Datastore:
        """See Place: there is one of each name."""
        return self.session.recent.of(("datastore", name), lambda: self._datastore(name))

    def _datastore(self, name: str) -> Datastore:
        paths = ["summary.accessible", "summary.maintenanceMode"]
        ref, facts = self._named("datastore", name, paths)
        if not facts.get("summary.accessible", False) or facts.get("summary.maintenanceMode", "normal") != "normal":
            raise VsphereError(f"datastore {name} of {self.session.name}: not accessible, or in maintenance mode")
        return Datastore(ref, facts["name"])

    def datastores(self, name: str) -> tuple[Datastore, ...]:
        """See Place: the one."""
        return (self.datastore(name),)

    def network(self, name: str) -> Network:
        """See Place: a port group of the host's own switches. Raises VsphereError for one of another kind."""
        ref, facts = self.session.recent.of(("network", name), lambda: self._named("network", name, []))
        return network_of(f"network {name} of {self.session.name}", ref, facts)

    def network_named(self, of_card: str) -> str:
        """See Place."""
        return unescaped(of_card)

    def upload_target(self, device: Any) -> UploadTarget:
        """See Place: the host itself, which gives "*" or its own name as the server."""
        end = self.session.endpoint
        return UploadTarget(end.server, end.port, urllib.parse.urlsplit(device.url).path, self.session.ssl_context)

    def _named(self, kind: str, name: str, paths: list[str]) -> tuple[Any, Facts]:
        """By the name as people see it, or as the API escapes it (`a%2fb` for `a/b`)."""
        refs = self._read(self.datacenter, kind) or []
        found: dict[str, Facts] = {}
        for of in {type(ref) for ref in refs}:
            alike = [ref for ref in refs if type(ref) is of]
            found |= collector.read_many(self.session, self._looking, alike, ["name", *paths])
        for shown in (unescaped, str):
            for ref in refs:
                if shown(found[ref._moId]["name"]) == name:
                    return ref, found[ref._moId]
        names = ", ".join(sorted(unescaped(facts["name"]) for facts in found.values())) or "none"
        raise GoneError(f"{kind} {name}: not found on {self.session.name}, which has: {names}; correct the site file")

    def _read(self, obj: Any, path: str) -> Any:
        return collector.read(self.session, self._looking, obj, [path]).get(path)

    @property
    def _looking(self) -> str:
        return f"reading the inventory of {self.session.name}"


def network_of(called: str, ref: Any, facts: Facts) -> Network:
    """The network that these properties are of, `called` so in messages. Raises VsphereError for another kind."""
    for kind, shown in _OTHER_NETWORKS:
        if isinstance(ref, kind):
            raise VsphereError(
                f"{called}: this is {shown}, which only the vCenter that made it gives to machines; name a port group "
                "of the host's own switches in the site file"
            )
    return Network(ref, vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=facts["name"]))


def _accept(doing: str, about: Any) -> None:
    if about.apiType == "VirtualCenter":
        raise RefusedError(
            f"{doing}: this is a vCenter ({about.fullName}); write cluster or host below platform.vsphere of the site "
            "file, which say where in it machines are made"
        )
    if about.apiType != "HostAgent":
        raise RefusedError(
            f"{doing}: this is {about.fullName} ({about.apiType}); kubelab drives ESXi hosts and vCenters: name one of "
            "them as server"
        )
