"""Rules across fields and files. Each sees only what could be read, and says nothing about what could not."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from urllib.parse import urlsplit

from config import retired
from config.documents import Documents
from config.passthrough import DEPRECATED_KUBE_PROXY_MODE, KUBE_PROXY_MODES
from config.problems import Problem, one_of, shown
from config.site import RegistrySpec
from config.version_rules import broken_version_rules

_DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
_NODE_PREFIX = 24  # kube-controller-manager gives every node a /24 of the pod network
_OTHER_ADDRESSES = 3  # the network's, the broadcast, the gateway's
_MIN_CPUS, _MIN_MEMORY_MIB = 2, 1700  # kubeadm's own preflight limits of a control plane


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule that the two documents break together."""
    yield from _control_plane_count(documents)
    yield from _overlapping_networks(documents)
    yield from _networks_too_small(documents)
    yield from broken_version_rules(documents)
    yield from _kube_proxy_mode(documents)
    yield from _registries_said_twice(documents)
    yield from _logins_of_one_server(documents)
    yield from _control_plane_too_small(documents)
    yield from _static_addresses_under_dhcp(documents)


def _control_plane_count(documents: Documents) -> Iterator[Problem]:
    roles = {name: node.role for name, node in documents.nodes.items()}
    found = [name for name, role in roles.items() if role == "controlPlane"]
    if len(found) > 1:
        text = f"found {len(found)} nodes with role controlPlane ({', '.join(found)}), allowed: exactly one for now"
        yield documents.in_stack("kubelab:nodes", text)
    elif not found and documents.stack.nodes is not None and None not in roles.values():
        text = f"found {len(roles)} nodes and no controlPlane among them, wanted: one node with role controlPlane"
        yield documents.in_stack("kubelab:nodes", text)


def _overlapping_networks(documents: Documents) -> Iterator[Problem]:
    cluster, site = documents.cluster, documents.site
    named: list[tuple[str, str, IPv4Network | None]] = [
        (documents.stack_file, "kubelab:cluster/podSubnet", cluster.pod_subnet),
        (documents.stack_file, "kubelab:cluster/serviceSubnet", cluster.service_subnet),
        (documents.site_file, "addresses/network", site.addresses.network if site and site.addresses else None),
    ]
    networks = [(where, path, network) for where, path, network in named if network is not None]
    for (where, path, one), (other_where, other_path, other) in combinations(networks, 2):
        if one.overlaps(other):
            place = other_path if where == other_where else f"{other_where}: {other_path}"
            yield Problem(where, path, f"found {one}, which overlaps {other} of {place}; choose disjoint networks")
    on_docker = ", ".join(documents.on_docker)
    for where, path, network in networks:
        if on_docker and network.overlaps(_DOCKER_BRIDGE):
            text = f"found {network}, which overlaps {_DOCKER_BRIDGE}, docker's own network on {on_docker}"
            yield Problem(where, path, f"{text}; choose another")


def _networks_too_small(documents: Documents) -> Iterator[Problem]:
    count, pods = len(documents.nodes), documents.cluster.pod_subnet
    longest = _NODE_PREFIX - (count - 1).bit_length()
    if pods is not None and count and pods.prefixlen > longest:
        text = f"found {pods}, too small for a /{_NODE_PREFIX} for each of {count} nodes, allowed: /{longest} or larger"
        yield documents.in_cluster("podSubnet", text)
    machines = documents.site.addresses.network if documents.site and documents.site.addresses else None
    longest = 32 - (count + _OTHER_ADDRESSES - 1).bit_length()
    if machines is not None and machines.prefixlen > longest:
        text = f"found {machines}, too small for {count} machines and a gateway, allowed: /{longest} or larger"
        yield documents.in_site("addresses/network", text)


def _kube_proxy_mode(documents: Documents) -> Iterator[Problem]:
    mode = documents.kube_proxy.get("mode", KUBE_PROXY_MODES[0])
    if mode in (*KUBE_PROXY_MODES, DEPRECATED_KUBE_PROXY_MODE):
        return
    reason = retired.KUBE_PROXY_MODES.get(mode) if isinstance(mode, str) else None
    allowed = one_of(mode, KUBE_PROXY_MODES)
    text = f"found {shown(mode)}, {reason}; {allowed}" if reason else f"found {shown(mode)}, {allowed}"
    yield documents.in_kube_proxy("mode", text)


def _registries_said_twice(documents: Documents) -> Iterator[Problem]:
    site = documents.site
    mirrored = site.mirrors.registries if site and site.mirrors else None
    for host in (site.registries or {}) if site else ():
        if host in (mirrored or {}):
            yield documents.in_site(f"registries/{host}", "found in mirrors/registries too, allowed: one of them")


def _logins_of_one_server(documents: Documents) -> Iterator[Problem]:
    """cri-o and docker keep credentials and authorities by server, so that one cannot have two."""
    registries = (documents.site.registries or {}) if documents.site else {}
    known: dict[str, tuple[str, RegistrySpec]] = {}
    for host, registry in registries.items():
        server = urlsplit(registry.mirror).netloc if registry.mirror else host
        other, first = known.setdefault(server, (host, registry))
        for key, one, two in (
            ("user", first.user, registry.user),
            ("passwordFile", first.password_file, registry.password_file),
            ("caFile", first.ca_file, registry.ca_file),
        ):
            if one != two:
                text = f"found another {key} than registries/{other} has, which is asked at {server} too"
                yield documents.in_site(f"registries/{host}", f"{text}, allowed: the same")


def _control_plane_too_small(documents: Documents) -> Iterator[Problem]:
    site = documents.site
    ignored = {name.lower() for name in (site.ignore_preflight_errors or ())} if site else set()
    for name, node in documents.nodes.items():
        if node.role != "controlPlane":
            continue
        own, common = node.machine, site.machine if site else None
        for key, check, least, of_node, of_site in (
            ("cpus", "numcpu", _MIN_CPUS, own.cpus, common.cpus if common else None),
            ("memoryMiB", "mem", _MIN_MEMORY_MIB, own.memory_mib, common.memory_mib if common else None),
        ):
            found = of_site if of_node is None else of_node
            if found is None or found >= least or check in ignored:
                continue
            text = f"found the number {found}, allowed on a control plane: {least} or more"
            if of_node is None:
                yield documents.in_site(f"machine/{key}", f"{text} ({name}; it may have a machine/{key} of its own)")
            else:
                yield documents.in_node(name, f"machine/{key}", text)


def _static_addresses_under_dhcp(documents: Documents) -> Iterator[Problem]:
    addresses = documents.site.addresses if documents.site else None
    if addresses is None or addresses.mode != "dhcp":
        return
    remedy = "which needs addresses/mode static; remove it"
    for name, node in documents.nodes.items():
        if node.address is not None:
            yield documents.in_node(name, "address", f"found '{node.address}', {remedy}")
    if addresses.gateway is not None:
        yield documents.in_site("addresses/gateway", f"found '{addresses.gateway}', {remedy}")
    if addresses.name_servers:
        yield documents.in_site("addresses/nameServers", f"found a list, {remedy}")
