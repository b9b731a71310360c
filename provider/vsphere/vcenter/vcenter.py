"""VCenter: a place of machines that is a cluster, or one host, of a vCenter."""

import urllib.parse
from functools import cached_property
from typing import Any

from provider.vsphere.api import collector, tls
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions import reading
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import GoneError
from provider.vsphere.making.promises import Promise
from provider.vsphere.paths import unescaped
from provider.vsphere.place import Cloning, Datastore, Network, Turns, UploadTarget
from provider.vsphere.placement import Placement, foreign_keys
from provider.vsphere.vcenter import datastores, inventory, networks
from provider.vsphere.vcenter.inventory import Found, below, the_one

_HTTPS = 443


def connected(endpoint: Endpoint, placement: Placement, cancel: CancelToken) -> "VCenter":
    """The place, which is logged in to at its first use."""

    def accept(doing: str, about: Any) -> None:
        if about.apiType != "VirtualCenter":
            raise foreign_keys(doing, about, placement)

    return VCenter(Session(endpoint, cancel, accept), placement)


class VCenter:
    """One datacenter, one cluster or host, one resource pool, one folder; datastores and networks that those have."""

    def __init__(self, session: Session, placement: Placement) -> None:
        self.session = session
        self.turns = Turns()
        self._placement = placement
        self._inventory: dict[str, list[Found]] = {}
        self._networks: dict[str, Network] = {}
        session.evidence = lambda: reading.evidence(self)

    @cached_property
    def identity(self) -> str:
        """See Place: the first digits of the vCenter's own UUID."""
        return str(self.session.content.about.instanceUuid).replace("-", "")[:12].lower()

    @cached_property
    def _datacenter(self) -> Found:
        found = below(self.session, self.session.content.rootFolder, vim.Datacenter)
        wanted = self._placement.datacenter
        if wanted:
            return the_one(wanted, found, "datacenter", self.session.name)
        if len(found) == 1:
            return found[0]
        raise GoneError(
            f"datacenter: {self.session.name} has {inventory.shown(found)}; write which as datacenter below "
            "platform.vsphere of the site file"
        )

    @property
    def datacenter(self) -> Any:
        """See Place."""
        return self._datacenter.ref

    @cached_property
    def folder(self) -> Any:
        """See Place: one that is there, or the datacenter's own."""
        root = self._read(self.datacenter, "vmFolder")
        if not self._placement.folder:
            return root
        return the_one(self._placement.folder, below(self.session, root, vim.Folder), "folder", self._where).ref

    @cached_property
    def _computes(self) -> list[Found]:
        root = self._read(self.datacenter, "hostFolder")
        return below(self.session, root, vim.ComputeResource, ["host", "resourcePool"])

    @cached_property
    def _named_host(self) -> tuple[Found, Found] | None:
        """The host that was named, and the cluster (or what a host alone has) that it is in."""
        if not self._placement.host:
            return None
        of = {host._moId: compute for compute in self._computes for host in compute.facts.get("host", [])}
        refs = [host for compute in self._computes for host in compute.facts.get("host", [])]
        facts = collector.read_many(self.session, inventory.looking(self.session), refs, ["name"])
        hosts = [Found(ref, str(facts[ref._moId]["name"]), facts[ref._moId]) for ref in refs]
        host = the_one(self._placement.host, hosts, "host", self._where)
        return host, of[host.ref._moId]

    @cached_property
    def _compute(self) -> Found:
        if self._named_host is not None:
            return self._named_host[1]
        clusters = [each for each in self._computes if isinstance(each.ref, vim.ClusterComputeResource)]
        return the_one(self._placement.cluster, clusters, "cluster", self._where)

    @cached_property
    def pool(self) -> Any:
        """See Place: one below the root pool of the cluster or host, or that one."""
        root = self._compute.facts["resourcePool"]
        if not self._placement.resource_pool:
            return root
        return the_one(self._placement.resource_pool, self._pools(root), "resourcePool", self._of_hosts).ref

    def _pools(self, root: Any, above: str = "") -> list[Found]:
        children = self._read(root, "resourcePool") or []
        found = []
        for ref in children:
            facts = collector.read(self.session, inventory.looking(self.session), ref, ["name"])
            path = f"{above}{unescaped(facts['name'])}"
            found += [Found(ref, path, facts), *self._pools(ref, f"{path}/")]
        return found

    @property
    def host(self) -> Any | None:
        """See Place: the one that was named; else the vCenter chooses among the cluster's."""
        return None if self._named_host is None else self._named_host[0].ref

    @cached_property
    def any_host(self) -> Any | None:
        """See Place: a cluster without DRS chooses no host for an import."""
        paths = ["runtime.inMaintenanceMode", "runtime.connectionState"]
        facts = collector.read_many(self.session, inventory.looking(self.session), self.hosts, paths)
        fit = (ref for ref in self.hosts if reading.is_fit(facts[ref._moId]))
        return self.host or next(fit, None)

    @cached_property
    def hosts(self) -> tuple[Any, ...]:
        """See Place."""
        return (self.host,) if self.host is not None else tuple(self._compute.facts.get("host", []))

    @cached_property
    def offers_nested_virtualization(self) -> bool:
        """See Place: true if no host says that it cannot, for machines may come to each of them."""
        paths = ["capability.nestedHVSupported"]
        facts = collector.read_many(self.session, inventory.looking(self.session), self.hosts, paths)
        return all(each.get(paths[0]) is not False for each in facts.values())

    @cached_property
    def hardware_versions(self) -> tuple[int, ...]:
        """See Place."""
        browser = self._read(self._compute.ref, "environmentBrowser")
        offered = (
            self.session.read(inventory.looking(self.session), browser.QueryConfigOptionDescriptor) if browser else []
        )
        keys = [str(each.key).removeprefix("vmx-") for each in offered if each.createSupported is not False]
        return tuple(sorted(int(key) for key in keys if key.isdigit()))

    @property
    def cloning(self) -> Cloning:
        """See Place."""
        return Cloning.LINKED if self._placement.linked else Cloning.FULL

    def image_scope(self, datastore: str) -> str:
        """See Place: a vCenter may have datastores of one name in several datacenters."""
        return f"{self.datacenter._moId}/{datastore}"

    def template(self, name: str) -> Any:
        """See Place: any machine of the datacenter, by its name or by its path below the folder of all machines."""
        root = self._read(self.datacenter, "vmFolder")
        return the_one(name, below(self.session, root, vim.VirtualMachine), "template", self._where).ref

    def datastore(self, name: str, promise: Promise | None = None) -> Datastore:
        """See Place: of a cluster of datastores, the one with the most free space."""
        known = self.session.recent.of(("datastore", name), lambda: self._candidates(name))
        return datastores.roomiest(f"datastore {name} of {self.session.name}", known, self.turns.promises, promise)

    def _candidates(self, name: str) -> list[tuple[Any, Facts]]:
        """Those of a cluster of datastores, or the one."""
        found = self._named("datastore", name)
        if isinstance(found.ref, vim.StoragePod):
            return self._members(found)
        return [(found.ref, collector.read(self.session, inventory.looking(self.session), found.ref, datastores.PATHS))]

    def datastores(self, name: str) -> tuple[Datastore, ...]:
        """See Place."""
        found = self._named("datastore", name)
        if isinstance(found.ref, vim.StoragePod):
            return tuple(Datastore(ref, facts["name"]) for ref, facts in self._members(found))
        return (self.datastore(name),)

    def _members(self, cluster: Found) -> list[tuple[Any, Facts]]:
        there = [each.ref for each in self._known("datastore") if isinstance(each.ref, vim.Datastore)]
        return datastores.members(self.session, cluster, there)

    def network(self, name: str) -> Network:
        """See Place: a standard or distributed port group. Raises VsphereError for one of another kind."""
        if name not in self._networks:
            found = self._named("network", name)
            self._networks[name] = networks.network_of(self.session, f"network {name} of {self.session.name}", found)
        return self._networks[name]

    def network_named(self, of_card: str) -> str:
        """See Place: cards have a distributed port group by its key."""
        there, distributed = self._known("network"), vim.dvs.DistributedVirtualPortgroup
        refs = [each.ref for each in there if isinstance(each.ref, distributed)]
        keys = collector.read_many(self.session, inventory.looking(self.session), refs, ["key"])
        names = {keys[each.ref._moId]["key"]: each.path for each in there if isinstance(each.ref, distributed)}
        return names.get(of_card, unescaped(of_card))

    def _named(self, kind: str, name: str) -> Found:
        """What was there when it was asked for first, in one process: what has come since is looked for once more."""
        try:
            return the_one(name, self._known(kind), kind, self._of_hosts)
        except GoneError:
            self._inventory.pop(kind, None)
        return the_one(name, self._known(kind), kind, self._of_hosts)

    def _known(self, kind: str) -> list[Found]:
        """The datastores and the clusters of them, or the networks, of the one host or of any of the cluster's."""
        known = self._inventory.get(kind)
        if known is None:
            refs = list(self._read(self.host if self.host is not None else self._compute.ref, kind) or [])
            facts: dict[str, Facts] = {}
            for of in {type(ref) for ref in refs}:
                alike = [ref for ref in refs if type(ref) is of]
                facts |= collector.read_many(self.session, inventory.looking(self.session), alike, ["name"])
            found = [Found(ref, unescaped(facts[ref._moId]["name"]), facts[ref._moId]) for ref in refs]
            if kind == "datastore":
                found += below(self.session, self._read(self.datacenter, "datastoreFolder"), vim.StoragePod)
            known = self._inventory[kind] = sorted(found, key=lambda each: each.path)
        return known

    def upload_target(self, device: Any) -> UploadTarget:
        """See Place: one of the hosts, verified by the thumbprint that the vCenter gives with its name."""
        end, url = self.session.endpoint, urllib.parse.urlsplit(device.url)
        if url.hostname in (None, "*"):
            return UploadTarget(end.server, end.port, url.path, self.session.ssl_context)
        server, port = str(url.hostname), url.port or _HTTPS
        if device.sslThumbprint:
            return UploadTarget(server, port, url.path, tls.thumbprinted(server, port, str(device.sslThumbprint)))
        if (server, port) == (end.server, end.port):
            return UploadTarget(server, port, url.path, self.session.ssl_context)
        verified = tls.context(server, port, end.ca_pem, None, insecure=end.insecure)
        return UploadTarget(server, port, url.path, verified)

    def _read(self, obj: Any, path: str) -> Any:
        return collector.read(self.session, inventory.looking(self.session), obj, [path]).get(path)

    @property
    def _where(self) -> str:
        return f"datacenter {self._datacenter.path} of {self.session.name}"

    @property
    def _of_hosts(self) -> str:
        named = self._placement.host
        return f"host {named}" if named else f"cluster {self._placement.cluster}"
