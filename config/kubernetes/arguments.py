"""The arguments of the control plane's components against those that a minor of Kubernetes has. Pure."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from config.kubernetes.facts import Facts
from config.kubernetes.gates import unfit_gates_text
from config.kubernetes.structures import Misfit
from config.kubernetes.values import unlike_argument
from config.problems import closest, shown

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "apiServer": "the API server",
        "controllerManager": "the controller manager",
        "scheduler": "the scheduler",
        "etcd": "etcd",
    }
)
"""The components with arguments, by their keys in a stack file."""

_GATES = "feature-gates"
_LONGEST_NAME = 100


def misfits(known: Facts, component: str, index: int, name: str, value: str) -> Iterator[Misfit]:
    """What a component of that minor would refuse in its argument number `index`."""
    kind = known.arguments[component].get(name)
    if kind is None:
        yield Misfit(f"{index}/name", f"found {shown(name)}, {_unknown(known, component, name)}")
        return
    fault = unlike_argument(kind.partition(" ")[0], value)
    if fault:
        yield Misfit(f"{index}/value", f"found {shown(value, name)}, {fault}")
    elif name == _GATES:
        for line in unfit_gates_text(known, value, etcd=component == "etcd"):
            yield Misfit(f"{index}/value", line)


def deprecation(known: Facts, component: str, name: str) -> str | None:
    """What Kubernetes says of an argument that it has deprecated; None if it has not."""
    reason = known.arguments[component].get(name, "").partition(" ")[2]
    return f"{name} is deprecated in Kubernetes {known.minor}: {reason}" if reason else None


def _unknown(known: Facts, component: str, name: str) -> str:
    text = f"unknown to {COMPONENTS[component]} of Kubernetes {known.minor}"
    near = closest(name, known.arguments[component]) if len(name) <= _LONGEST_NAME else None
    if near:
        return f"{text}, did you mean {near}?"
    others = [other for other in COMPONENTS if other != component and name in known.arguments[other]]
    return f"{text}; write it below {' and '.join(others)}, whose argument it is" if others else f"{text}; remove it"
