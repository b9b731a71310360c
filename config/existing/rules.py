"""Rules of machines that exist: none is claimed to be what it cannot be made, and none is two."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from components.runtimes import RUNTIMES
from config.documents import Documents
from config.existing.spec import ExistingMachineSpec
from config.model import camel_case
from config.problems import Problem, one_of
from config.stack import NodeSpec

_IN_SITE = "platform/existing/machines"
# What of a node is a machine's that kubelab makes.
_OF_MADE = ("host", "image", "address", "mac_address", "networks", "extra_disks", "power")
_COUNTS = {"nested_virtualization"}
"""What of `machine` says something of machines that exist."""


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """What two documents break together."""
    yield from _nodes_without_a_machine(documents)
    yield from _addresses_of_two(documents)
    yield from _addresses_of_pods(documents)
    for name, node in documents.nodes.items():
        if documents.existing_of(name):
            yield from _claims(documents, name, node)
    yield from _replacement_of_all(documents)


def warnings(documents: Documents) -> Iterator[Problem]:
    """What is written and counts for no machine, and what is there twice."""
    platform, site = documents.site.platform, documents.site
    if platform.existing is None:
        return
    known: dict[str, str] = {}
    for name, machine in platform.existing.machines.items():
        other = known.setdefault(machine.host_key, name)
        if other != name:
            text = f"found the host key of {other}, as a copy of its disk has it; let each make its own: remove"
            yield _at(documents, name, "hostKey", f"{text} /etc/ssh/ssh_host_* and run ssh-keygen -A there")
    unused = [name for name in platform.existing.machines if name not in documents.nodes]
    if unused and platform.targets:
        text = (
            f"found {', '.join(unused)}, which no node of this stack is called: the others are made on platform/vsphere"
        )
        yield documents.in_site(_IN_SITE, text)
    if not platform.targets:
        idle = [f"machine/{camel_case(field)}" for field in sorted(site.machine.model_fields_set - _COUNTS)]
        idle += ["ssh/user"] if "user" in site.ssh.model_fields_set else []
        for path in idle:
            yield documents.in_site(path, "found it where no machine is made, so that it says nothing; remove it")


def _nodes_without_a_machine(documents: Documents) -> Iterator[Problem]:
    existing = documents.site.platform.existing
    if existing is None or documents.site.platform.targets:
        return
    for name in documents.nodes:
        if name not in existing.machines:
            text = f"found no machine called so in {_IN_SITE}, nor a platform/vsphere in {documents.site_file} to make"
            known = one_of(name, tuple(existing.machines))
            yield documents.in_stack(f"kubelab:nodes/{name}", f"{text} it on; {known}")


def _addresses_of_two(documents: Documents) -> Iterator[Problem]:
    existing = documents.site.platform.existing
    dialled: dict[str, str] = {}
    made = {name: node for name, node in documents.nodes.items() if not documents.existing_of(name)}
    reached = {str(node.address): name for name, node in made.items() if node.address is not None}
    for name, machine in (existing.machines if existing else {}).items():
        key, address = _of_the_node(machine)
        other = dialled.setdefault(f"{machine.address}:{machine.port}", name)
        key, address = ("address", machine.address) if other != name else (key, address)
        if other == name and _is_address(address):
            other = reached.setdefault(address, name)
        if other != name:
            yield _at(documents, name, key, f"found {address}, which {other} has too, allowed: one machine each")


def _addresses_of_pods(documents: Documents) -> Iterator[Problem]:
    """A node whose address lies among those of pods, services or a runtime is not reached by others."""
    existing = documents.site.platform.existing
    cluster = documents.cluster
    networks = {"podSubnet": cluster.pod_subnet, "serviceSubnet": cluster.service_subnet}
    for runtime in documents.by_runtime:
        own = RUNTIMES[runtime].own_network
        networks |= {f"{runtime}'s own network": own} if own else {}
    for name, machine in (existing.machines if existing else {}).items():
        key, address = _of_the_node(machine)
        if name not in documents.nodes or not _is_address(address):
            continue
        for whose, network in networks.items():
            if IPv4Address(address) in network:
                text = f"found {address}, which lies in {network}, {whose} of {documents.stack_file}"
                yield _at(documents, name, key, f"{text}; choose another network there")


def _claims(documents: Documents, name: str, node: NodeSpec) -> Iterator[Problem]:
    exists = f"which exists (platform/existing of {documents.site_file})"
    for field in _OF_MADE:
        if field in node.model_fields_set and getattr(node, field) is not None:
            text = f"found it at a machine {exists}, of which kubelab makes nothing; remove it"
            yield documents.in_node(name, camel_case(field), text)
    for field in sorted(node.machine.model_fields_set - _COUNTS):
        text = f"found it at a machine {exists} with what it has; remove it: the preflight looks whether it is enough"
        yield documents.in_node(name, f"machine/{camel_case(field)}", text)
    if node.on_runtime_change == "replaceMachine":
        text = f"found 'replaceMachine' at a machine {exists} and cannot be made anew"
        yield documents.in_node(name, "onRuntimeChange", f"{text}; write resetNode, or remove it: it is cleaned")


def _replacement_of_all(documents: Documents) -> Iterator[Problem]:
    cluster = documents.cluster
    if "on_runtime_change" not in cluster.model_fields_set or cluster.on_runtime_change != "replaceMachine":
        return
    if documents.nodes and all(map(documents.existing_of, documents.nodes)):
        text = "found 'replaceMachine', and only machines that exist and cannot be made anew"
        yield documents.in_cluster("onRuntimeChange", f"{text}; write resetNode, or remove it: they are cleaned")


def _of_the_node(machine: ExistingMachineSpec) -> tuple[str, str]:
    return ("nodeAddress", machine.node_address) if machine.node_address else ("address", machine.address)


def _is_address(value: str) -> bool:
    return value.rpartition(".")[2].isdigit()


def _at(documents: Documents, name: str, key: str, text: str) -> Problem:
    return documents.in_site(f"{_IN_SITE}/{name}/{key}", text)
