"""Rules of several targets: what nodes call them, their images where the provider chooses, their passwords."""

from collections.abc import Iterator, Mapping

from config.documents import Documents
from config.files import PASSWORD_KEY, PASSWORDS_KEY
from config.lab import LabConfig
from config.problems import Problem, one_of
from config.stack import PREFIX


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """What two documents break together."""
    platform = documents.site.platform
    names = [target.name for target in platform.targets if target.name]
    for name, node in documents.nodes.items():
        if node.host is None or node.host in names:
            continue
        if names:
            text = f"found {node.host!r}, {one_of(node.host, names)}, as {documents.site_file} names its targets"
        else:
            text = f"found {node.host!r}, but the one target of {documents.site_file} has no name; remove it, or write"
            text = f"{text} name: {node.host} there, below platform/vsphere"
        yield documents.in_node(name, "host", text)
    yield from _passwords(documents, names)


def _passwords(documents: Documents, names: list[str]) -> Iterator[Problem]:
    several = isinstance(documents.site.platform.vsphere, tuple)
    if several and documents.stack.vsphere_password is not None:
        text = "found one password, and several targets, each with its own; write it as"
        yield documents.in_stack(PASSWORD_KEY, f"{text} {PASSWORDS_KEY}.<name>")
    for name in documents.stack.vsphere_passwords:
        if not several:
            text = f"found a password by a name, and one target alone; write it as {PASSWORD_KEY}"
            yield documents.in_stack(f"{PASSWORDS_KEY}/{name}", text)
        elif name not in names:
            yield documents.in_stack(f"{PASSWORDS_KEY}/{name}", f"found {name!r}, {one_of(name, names)}")


def broken_rules_of_images(lab: LabConfig, stack_file: str, own_images: Mapping[str, object]) -> Iterator[Problem]:
    """Nodes for which the provider chooses among targets whose images differ; `own_images` are those of nodes."""
    images = {target.image.sha256 for target in lab.site.vsphere}
    for node in lab.nodes:
        if (
            node.existing is None
            and len(images) > 1
            and lab.site.target_of(node) is None
            and node.name not in own_images
        ):
            names = ", ".join(target.name for target in lab.site.vsphere)
            text = f"found no host, and targets with different images ({names}); write host or image"
            yield Problem(stack_file, f"{PREFIX}nodes/{node.name}", text)
