"""From what the user wrote of handlers to what they are, each the same on all nodes that have it. Pure."""

from components.handlers import HANDLERS
from config.documents import Documents
from config.handlers.spec import HandlerSpec
from config.lab import HandlerConfig, Taint


def checked_handlers(documents: Documents) -> dict[str, HandlerConfig]:
    """By their words, in the alphabet's order, the handlers that some node has; the documents break no rule."""
    used = sorted({word for node in documents.nodes.values() for word in documents.handlers_of(node)})
    return {word: _checked(word, documents.cluster.handler_settings.get(word, HandlerSpec())) for word in used}


def _checked(word: str, written: HandlerSpec) -> HandlerConfig:
    handler = HANDLERS[word]
    variant = handler.variants[written.hypervisor or next(iter(handler.variants))]
    overhead = written.overhead or variant.overhead
    return HandlerConfig(
        name=word,
        version=written.version or next(iter(handler.releases), ""),
        hypervisor=variant.name,
        overhead_memory=overhead.memory if overhead else "",
        overhead_cpu=(overhead.cpu or "") if overhead else "",
        tolerations=tuple(Taint(each.key, each.value, each.effect) for each in written.tolerations),
    )
