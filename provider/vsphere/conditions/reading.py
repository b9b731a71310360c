"""The one reader of conditions: asked before the first change of a run, by `make doctor`, and when a wait ends."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from provider.vsphere import observe
from provider.vsphere.api import certificates, collector
from provider.vsphere.api.sdk import Facts, service_instance
from provider.vsphere.conditions import (
    address_holders,
    connection_state,
    hardware,
    host_state,
    inventory,
    privileges,
    sources,
    space,
    wanted,
)
from provider.vsphere.conditions.findings import Finding, refusal
from provider.vsphere.conditions.hardware import Source
from provider.vsphere.conditions.space import Taken
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.errors import CancelledError, UnreachableError, VsphereError
from provider.vsphere.model import ObservedMachine
from provider.vsphere.place import Place

_DOING = "asking the host for its conditions"


def conditions(
    place: Place, owner: str, machines: Sequence[WantedMachine], taken: Callable[[Taken], object] = str
) -> list[Finding]:
    """All that can be known to keep this lab from its end, or that its user should know.

    `taken` is told what its machines take of each datastore, for who knows of others that have the same one. Raises
    RefusedError and UnreachableError where the host cannot be asked at all.
    """
    session = place.session
    found = host_state.of_api(session.content.about)
    found += _of_hosts(place)
    now = datetime.now(UTC)
    found += _asked(lambda: _of_licenses(place, now))
    server = "the vCenter" if _is_vcenter(place) else "the host"
    found += _asked(
        lambda: host_state.of_clock(session.read(_DOING, service_instance(session.content).CurrentTime), now, server)
    )
    found += _asked(lambda: _of_certificate(place))
    found += _of_places(place, machines)
    found += _asked(
        lambda: privileges.missing(place, wanted.datastores(machines), wanted.networks(machines), _session_key(place))
    )
    return found + _of_inventory(place, owner, machines, taken)


class Preflight:
    """Asks once in a process, before its first change; what blocks is told to each who asks."""

    def __init__(self, ask: Callable[[], list[Finding]], where: str, warn: Callable[[str], None]) -> None:
        self._ask = ask
        self._where = where
        self._warn = warn
        self._lock = threading.Lock()
        self._refusal: VsphereError | None = None
        self._passed = False

    def passed(self) -> None:
        """Raises RefusedError with all that blocks, VsphereError where the host cannot be asked."""
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if self._passed:
                return
            found = self._ask()
            for finding in found:
                if not finding.blocks:
                    self._warn(finding.text)
            self._refusal, self._passed = refusal(self._where, found), True
            if self._refusal is not None:
                raise self._refusal


def evidence(place: Place) -> str:
    """What of the hosts belongs into a time-out, "" if nothing does. Raises VsphereError."""
    if _is_vcenter(place):
        return "; ".join(finding.text for finding in _of_hosts(place))
    facts = [collector.read(place.session, _DOING, host, host_state.PATHS) for host in place.hosts]
    return "; ".join(filter(None, map(host_state.evidence, facts)))


def is_fit(facts: Facts) -> bool:
    """True if a host of these properties (connection and maintenance at least) takes machines."""
    return not host_state.of_host(facts)


def _is_vcenter(place: Place) -> bool:
    return bool(place.session.content.about.apiType == "VirtualCenter")


def _of_hosts(place: Place) -> list[Finding]:
    read = collector.read_many(place.session, _DOING, place.hosts, host_state.PATHS)
    facts = [read[host._moId] for host in place.hosts]
    if _is_vcenter(place):
        return host_state.of_hosts_of_a_vcenter(facts, "the cluster")
    return [finding for each in facts for finding in [*host_state.of_host(each), *host_state.of_manager(each)]]


def _asked(ask: Callable[[], list[Finding]]) -> list[Finding]:
    """What a user may not ask, or a host does not know, is no reason to refuse it."""
    try:
        return ask()
    except (CancelledError, UnreachableError):
        raise
    except VsphereError:
        return []


def _of_licenses(place: Place, now: datetime) -> list[Finding]:
    """A vCenter has licences of all kinds: those that its hosts are assigned count."""
    manager = place.session.content.licenseManager
    if manager is None:
        return []
    if not _is_vcenter(place):
        facts = collector.read(place.session, _DOING, manager, ["licenses"])
        return host_state.of_licenses(facts.get("licenses", []), now)
    assignments = collector.read(place.session, _DOING, manager, ["licenseAssignmentManager"])
    ask = assignments["licenseAssignmentManager"].QueryAssignedLicenses
    names = collector.read_many(place.session, _DOING, place.hosts, ["name"])
    found = []
    for host in place.hosts:
        assigned = place.session.read(_DOING, ask, host._moId) or []
        of_host = [each.assignedLicense for each in assigned if each.entityId == host._moId]
        found += host_state.of_licenses(of_host, now, f"host {names[host._moId]['name']}")
    return found


def _of_certificate(place: Place) -> list[Finding]:
    """Of a pinned certificate: any other one outside of its dates is refused."""
    if place.session.endpoint.sha256 is None:
        return []
    said = certificates.outside_its_dates(place.session.certificate)
    return (
        [Finding(f"the host's certificate is the one of tls.sha256, and {said}; renew it", blocks=False)]
        if said
        else []
    )


def _session_key(place: Place) -> str:
    manager = place.session.content.sessionManager
    return str(collector.read(place.session, _DOING, manager, ["currentSession"])["currentSession"].key)


def _of_places(place: Place, machines: Sequence[WantedMachine]) -> list[Finding]:
    """Datastores and networks that are not there, or not fit."""
    found = []
    for find, names in ((place.datastore, wanted.datastores(machines)), (place.network, wanted.networks(machines))):
        for name in names:
            try:
                find(name)
            except (CancelledError, UnreachableError):
                raise
            except VsphereError as error:
                found.append(Finding(str(error)))
    return found


def _of_inventory(
    place: Place, owner: str, machines: Sequence[WantedMachine], taken: Callable[[Taken], object]
) -> list[Finding]:
    if not machines:
        return []
    paths = list(dict.fromkeys([*observe.PATHS, *connection_state.PATHS]))
    session = place.session
    facts = collector.machines_in(session, _DOING, place.folder, paths)
    readable = {moid: each for moid, each in facts.items() if connection_state.is_readable(each)}
    observed = [observe.from_facts(moid, each) for moid, each in readable.items()]
    found = inventory.of_machines(place.session.name, owner, machines, facts, observed)
    found += address_holders.of_machines(owner, machines, _who_may_hold(place, machines, readable))
    known = {machine.name for machine in observed}
    made_of = sources.of_new(place, [machine for machine in machines if machine.name not in known])
    found += _asked(lambda: _of_hardware(place, machines, observed, made_of))
    thick = {name for name, source in made_of.items() if source.thick}
    for name in wanted.datastores(machines):
        try:
            homes = [home.ref for home in place.datastores(name)]
        except VsphereError:
            continue
        spaces = collector.read_many(place.session, _DOING, homes, ["summary.freeSpace", "summary.url"]).values()
        known_ones = [facts for facts in spaces if "summary.freeSpace" in facts]
        free = [int(facts["summary.freeSpace"]) for facts in known_ones]
        if free:
            found += space.of_datastore(name, free, machines, observed, thick)
        if len(free) == 1 and known_ones[0].get("summary.url"):  # of a cluster, the machines choose
            least = space.least(name, machines, observed, thick)
            taken(Taken(session.name, str(known_ones[0]["summary.url"]), name, free[0], least))
    return found


def _who_may_hold(place: Place, machines: Sequence[WantedMachine], in_folder: dict[str, Facts]) -> Collection[Facts]:
    """The readable machines of all folders of a vCenter's datacenter, where a MAC or an address is declared."""
    declared = any(each.mac or each.address or any(card.mac for card in each.cards) for each in machines)
    if place.cloning is None or not declared:
        return in_folder.values()
    root = collector.read(place.session, _DOING, place.datacenter, ["vmFolder"])["vmFolder"]
    paths = list(dict.fromkeys([*address_holders.PATHS, *connection_state.PATHS]))
    found = collector.machines_below(place.session, _DOING, root, paths).values()
    return [each for each in found if connection_state.is_readable(each)]


def _of_hardware(
    place: Place,
    machines: Sequence[WantedMachine],
    observed: Sequence[ObservedMachine],
    made_of: Mapping[str, Source],
) -> list[Finding]:
    """Most labs declare no hardware version, and use no template: then the host is not asked for those that it has."""
    offered = place.hardware_versions if made_of or any(machine.hardware_version for machine in machines) else ()
    raised = hardware.raised(machines, observed, made_of)
    lacking = privileges.for_upgrades(place, raised, _session_key(place)) if raised else []
    return [*hardware.of_machines(machines, observed, offered, made_of), *lacking]
