"""What the schema has a word for but kubelab cannot build yet: the one place to lift each limit."""

from collections.abc import Iterator

from config.documents import Documents
from config.problems import Problem

BUILDABLE_ADDRESS_MODES = ("dhcp",)
BUILDABLE_HANDLERS: tuple[str, ...] = ()


def not_yet_supported(documents: Documents) -> Iterator[Problem]:
    """One problem for each thing asked for that does not exist yet."""
    for name, node in documents.nodes.items():
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
