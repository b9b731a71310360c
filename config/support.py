"""What the schema has a word for but kubelab cannot build yet: the one place to lift each limit."""

from collections.abc import Iterator

from config.documents import Documents
from config.problems import Problem

BUILDABLE_RUNTIMES = ("containerd",)
BUILDABLE_ADDRESS_MODES = ("dhcp",)
BUILDABLE_HANDLERS: tuple[str, ...] = ()


def not_yet_supported(documents: Documents) -> Iterator[Problem]:
    """One problem for each thing asked for that does not exist yet."""
    cluster, nodes = documents.cluster, documents.nodes
    if cluster.runtime not in (None, *BUILDABLE_RUNTIMES):
        yield documents.in_cluster("runtime", _not_yet(cluster.runtime, BUILDABLE_RUNTIMES))
    for runtime in cluster.runtime_versions or {}:
        if runtime not in BUILDABLE_RUNTIMES:
            yield documents.in_cluster(f"runtimeVersions/{runtime}", _not_yet(runtime, BUILDABLE_RUNTIMES))
    for name, node in nodes.items():
        if node.runtime not in (None, *BUILDABLE_RUNTIMES):
            yield documents.in_node(name, "runtime", _not_yet(node.runtime, BUILDABLE_RUNTIMES))
        for handler in node.handlers or ():
            if handler not in BUILDABLE_HANDLERS:
                yield documents.in_node(name, "handlers", _not_yet(handler, BUILDABLE_HANDLERS))
    if documents.site is not None:
        mode = documents.site.addresses.mode if documents.site.addresses else None
        if mode not in (None, *BUILDABLE_ADDRESS_MODES):
            yield documents.in_site("addresses/mode", _not_yet(mode, BUILDABLE_ADDRESS_MODES))


def _not_yet(found: str | None, buildable: tuple[str, ...]) -> str:
    remedy = f"allowed: {', '.join(buildable)}" if buildable else "remove it"
    return f"found {found!r}, which kubelab cannot build yet; {remedy}"
