"""Handlers as a checked lab has them where a user says no more than their names."""

from dataclasses import replace

from components.handlers import HANDLERS
from config import HandlerConfig, NodeConfig
from tests.unit.components import labs

CARRIED = [(word, runtime) for word in sorted(HANDLERS) for runtime in HANDLERS[word].runtimes]


def handler(word: str, hypervisor: str | None = None) -> HandlerConfig:
    """A handler with every default, or by that hypervisor."""
    record = HANDLERS[word]
    variant = record.variants[next(iter(record.variants)) if hypervisor is None else hypervisor]
    overhead = variant.overhead
    return HandlerConfig(
        word,
        next(iter(record.releases), ""),
        variant.name,
        overhead.memory if overhead else "",
        overhead.cpu if overhead else "",
    )


def node(runtime: str, *handlers: HandlerConfig, name: str = "w1") -> NodeConfig:
    """A worker with these handlers."""
    return replace(labs.node(name, runtime=runtime), handlers=handlers)
