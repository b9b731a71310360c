"""Rules across fields: whether a node can have the handlers that are written for it."""

from collections.abc import Iterator

from components.handlers import HANDLERS
from components.runtimes import RUNTIMES
from config.documents import Documents
from config.problems import Problem, one_of
from config.stack import NodeSpec


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule of handlers that the documents break."""
    for name, node in documents.nodes.items():
        yield from _carried(documents, name, node)
        yield from _virtualization(documents, name, node)
    yield from _settings(documents)


def _in_handlers(documents: Documents, name: str, node: NodeSpec, text: str) -> Problem:
    """At the node's own handlers, or at the cluster's, which it then can be kept from."""
    if node.handlers is not None:
        return documents.in_node(name, "handlers", text)
    return documents.in_cluster("handlers", f"{text}, or write handlers: [] for {name}")


def _carried(documents: Documents, name: str, node: NodeSpec) -> Iterator[Problem]:
    runtime = documents.runtime_of(node)
    for word in documents.handlers_of(node):
        able = HANDLERS[word].runtimes
        if runtime not in able:
            reason = RUNTIMES[runtime].no_handlers or f"kubelab knows no configuration of {word} in it"
            text = f"found {word} for {name}, whose runtime is {runtime}: {reason}"
            yield _in_handlers(documents, name, node, f"{text}; choose {' or '.join(able)} as its runtime")


def _virtualization(documents: Documents, name: str, node: NodeSpec) -> Iterator[Problem]:
    machine = node.machine.over(documents.site.machine)
    for word in documents.handlers_of(node):
        if HANDLERS[word].needs_kvm and machine.nested_virtualization == "off":
            text = (
                f"found {word} for {name}, whose machine has nestedVirtualization: off, and {word} runs each pod in a"
            )
            yield _in_handlers(documents, name, node, f"{text} virtual machine; write require, or remove {word}")


def _settings(documents: Documents) -> Iterator[Problem]:
    for word, written in documents.cluster.handler_settings.items():
        handler, path = HANDLERS[word], f"handlerSettings/{word}"
        if written.version is not None and written.version not in handler.releases:
            known = f"known: {', '.join(handler.releases)}"
            allowed = known if handler.releases else f"the guest system has one version of {word}; leave it out"
            yield documents.in_cluster(f"{path}/version", f"found {written.version!r}, {allowed}")
        if written.hypervisor is not None and written.hypervisor not in handler.variants:
            choices = tuple(filter(None, handler.variants))
            allowed = one_of(written.hypervisor, choices) if choices else f"{word} has none to choose; leave it out"
            yield documents.in_cluster(f"{path}/hypervisor", f"found {written.hypervisor!r}, {allowed}")
