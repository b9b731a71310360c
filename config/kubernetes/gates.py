"""Feature gates against those that a minor of Kubernetes has: names, values, and gates that are locked. Pure."""

from collections.abc import Iterator, Mapping

from config.kubernetes.facts import Facts, facts, minors
from config.problems import closest, shown

_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")
_PREFIX = "kube:"
"""Of the component that a gate belongs to, as `--feature-gates` may have it."""


def unfit_gate(known: Facts, name: str, value: object) -> str | None:
    """Why a gate of a mapping cannot be set so; None if it can."""
    fault = _fault(known, name, value)
    if name not in known.feature_gates:
        return fault
    if not isinstance(value, bool):
        fault = "wanted: true or false, without quotes"
    return f"found {shown(value)}, {fault}" if fault else None


def unfit_gates_text(known: Facts, text: str, *, etcd: bool = False) -> Iterator[str]:
    """The same of `A=true,B=false`, the value of an argument `feature-gates`: a line for each gate that will not do."""
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, written = (part.strip() for part in each.removeprefix(_PREFIX).partition("="))
        if ":" in name:
            continue
        if written not in (*_TRUE, *_FALSE):
            yield f"found {shown(each)}, wanted: gates with their values, such as {name or 'NodeSwap'}=true"
            continue
        fault = _fault(known, name, written in _TRUE, etcd=etcd)
        if fault:
            yield f"found {shown(each)}, {fault}"


def _fault(known: Facts, name: str, value: object, *, etcd: bool = False) -> str | None:
    gates = known.etcd_feature_gates if etcd else known.feature_gates
    if name not in gates:
        return f"unknown to {'etcd of ' * etcd}Kubernetes {known.minor}{_meant(known, name, gates, etcd=etcd)}"
    _, default, *locked = gates[name].split()
    if locked and isinstance(value, bool) and value is not (default == "true"):
        return f"which Kubernetes {known.minor} has locked to {default}; remove it"
    return None


def _meant(known: Facts, name: str, gates: Mapping[str, str], *, etcd: bool) -> str:
    near = closest(name, gates) if len(name) < 100 else None
    if near:
        return f", did you mean {near}?"
    others = [minor for minor in minors() if not etcd and minor != known.minor and name in facts(minor).feature_gates]
    return f" (known to {' and '.join(others)}); remove it" if others else "; remove it"
