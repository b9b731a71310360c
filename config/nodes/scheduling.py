"""Labels and taints of nodes, each value in Kubernetes' own form, and the keys that others set."""

import re
from typing import Annotated, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from components.records.handler import HANDLER_DOMAIN
from config.lab import TaintEffect
from config.model import Spec
from config.problems import closest

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_LONGEST_PREFIX = 253
_RESERVED = ("kubernetes.io", "k8s.io")

# https://kubernetes.io/docs/reference/labels-annotations-taints/: those that are for users to set.
_LABELS_FOR_USERS = ("node.kubernetes.io", "node-role.kubernetes.io", "node-restriction.kubernetes.io")
_LABELS_OF_TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")
_TAINTS_FOR_USERS = ("node-role.kubernetes.io", "node-restriction.kubernetes.io")
CONTROL_PLANE_ROLE = "node-role.kubernetes.io/control-plane"
"""kubeadm's label and its taint of a control plane."""

_EXAMPLE = "{key: dedicated, value: database, effect: NoSchedule}"


def _key(value: str) -> str:
    prefix, slash, name = value.rpartition("/")
    if _NAME.fullmatch(name) and (not slash or (len(prefix) <= _LONGEST_PREFIX and _PREFIX.fullmatch(prefix))):
        return value
    raise ValueError(
        "wanted: up to 63 letters, digits, - _ . between letters or digits, with or without a DNS domain and / before"
    )


def _is_reserved(prefix: str) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in _RESERVED)


def _label_key(value: str) -> str:
    prefix = _key(value).rpartition("/")[0]
    if value == CONTROL_PLANE_ROLE:
        raise ValueError("which kubeadm sets on each control plane; remove it")
    if prefix == HANDLER_DOMAIN:
        raise ValueError("which kubelab sets on nodes with the handler; write handlers instead")
    if not _is_reserved(prefix) or prefix in _LABELS_FOR_USERS or value in _LABELS_OF_TOPOLOGY:
        return value
    allowed = (*(f"{each}/..." for each in _LABELS_FOR_USERS), *_LABELS_OF_TOPOLOGY)
    raise ValueError(f"whose domain is Kubernetes' own; choose another domain or none, or one of {', '.join(allowed)}")


def _label_value(value: str) -> str:
    if not value or _NAME.fullmatch(value):
        return value
    raise ValueError("wanted: up to 63 letters, digits, - _ . between letters or digits, or an empty text")


def _taint_key(value: str) -> str:
    prefix = _key(value).rpartition("/")[0]
    if value == CONTROL_PLANE_ROLE:
        raise ValueError("which a control plane has unless it says schedulable: true; remove it")
    if not _is_reserved(prefix) or prefix in _TAINTS_FOR_USERS:
        return value
    allowed = ", ".join(f"{each}/..." for each in _TAINTS_FOR_USERS)
    raise ValueError(f"whose domain is Kubernetes' own; choose another domain or none, or one of {allowed}")


def _mapping(value: object) -> object:
    """A taint as kubectl has it, `dedicated=database:NoSchedule`, is not one of a list as kubeadm has it."""
    if not isinstance(value, str):
        return value
    named, _, effect = value.rpartition(":")
    key, _, inner = named.partition("=")
    meant = closest(effect, get_args(TaintEffect))
    parts = {"key": key, **({"value": inner} if inner else {}), "effect": meant}
    whole = meant and all(part and _NAME.fullmatch(part) for part in parts.values())
    example = f"{{{', '.join(f'{name}: {part}' for name, part in parts.items())}}}" if whole else _EXAMPLE
    raise ValueError(f"wanted: a mapping such as {example}")


LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]


class TaintSpec(Spec):
    """A taint of a node, as kubeadm writes it."""

    key: Annotated[str, AfterValidator(_taint_key)] = Field(description="the taint's key, such as dedicated")
    value: LabelValue = Field(default="", description="its value, if it has one")
    effect: TaintEffect = Field(description="what becomes of pods that do not tolerate it")


def _each_once(taints: tuple[TaintSpec, ...]) -> tuple[TaintSpec, ...]:
    found = [f"{taint.key}:{taint.effect}" for taint in taints]
    twice = sorted({each for each in found if found.count(each) > 1})
    if twice:
        raise ValueError(f"found {', '.join(twice)} twice, allowed: each key and effect once")
    return taints


Labels = dict[LabelKey, LabelValue]
Taints = Annotated[
    tuple[Annotated[TaintSpec, BeforeValidator(_mapping)], ...], Field(strict=False), AfterValidator(_each_once)
]
