"""The settings of the kubelet and kube-proxy against the fields of their configuration in a minor. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from config.kubernetes.facts import Facts
from config.kubernetes.gates import unfit_gate
from config.kubernetes.values import has_control_characters, unlike
from config.problems import closest, one_of, shown

KUBELET, KUBE_PROXY = "KubeletConfiguration", "KubeProxyConfiguration"
GATES = "featureGates"
_DOCUMENTS = {
    KUBELET: "https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/",
    KUBE_PROXY: "https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/",
}
_LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class Misfit:
    """One fault: the keys down to it, joined by slashes, and what is wrong there."""

    path: str
    text: str


def misfits(known: Facts, structure: str, settings: Mapping[str, JsonValue]) -> Iterator[Misfit]:
    """What a component of that minor would refuse or ignore in its settings; `structure` is `KUBELET` or `KUBE_PROXY`.

    The mode of kube-proxy is left out, of which config/rules.py has more to say.
    """
    for key, value in settings.items():
        if key == GATES and isinstance(value, dict):
            yield from _gates(known, value)
        elif not (structure == KUBE_PROXY and key == "mode"):
            yield from _field(known, structure, key, value, "", structure)


def _gates(known: Facts, gates: Mapping[str, JsonValue]) -> Iterator[Misfit]:
    for name, value in gates.items():
        reason = unfit_gate(known, name, value)
        if reason:
            yield Misfit(f"{GATES}/{_shown_key(name)}", reason)


def _field(known: Facts, structure: str, key: str, value: JsonValue, above: str, root: str) -> Iterator[Misfit]:
    path = f"{above}{_shown_key(key)}"
    kind = known.structures[structure].get(key)
    if kind is None:
        yield Misfit(path, _unknown(known, structure, key, root))
        return
    field = f"{structure}.{key}"
    yield from _value(known, kind, value, path, known.keys.get(field), root)
    yield from _words(known, field, value, path)


def _words(known: Facts, field: str, value: JsonValue, path: str) -> Iterator[Misfit]:
    words = known.words.get(field)
    if not words:
        return
    written = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
    for index, word in written:
        if isinstance(word, str) and word and word not in words:
            yield Misfit(path if index is None else f"{path}/{index}", f"found {shown(word)}, {one_of(word, words)}")


def _value(
    known: Facts, kind: str, value: JsonValue, path: str, keys: tuple[str, ...] | None, root: str
) -> Iterator[Misfit]:
    if kind.startswith("[]"):
        if not isinstance(value, list):
            yield Misfit(path, f"found {shown(value, path)}, wanted: a list")
            return
        for index, each in enumerate(value):
            yield from _value(known, kind[2:], each, f"{path}/{index}", None, root)
    elif kind.startswith("{}") or kind in known.structures:
        if not isinstance(value, dict):
            yield Misfit(path, f"found {shown(value, path)}, wanted: a mapping")
            return
        for key, each in value.items():
            if kind.startswith("{}"):
                yield from _entry(known, kind[2:], key, each, path, keys, root)
            else:
                yield from _field(known, kind, key, each, f"{path}/", root)
    else:
        fault = unlike(kind, value, path)
        if fault:
            yield Misfit(path, fault)


def _entry(
    known: Facts, kind: str, key: str, value: JsonValue, path: str, keys: tuple[str, ...] | None, root: str
) -> Iterator[Misfit]:
    place = f"{path}/{_shown_key(key)}"
    if keys and key not in keys:
        yield Misfit(place, f"unknown key, {one_of(key[:_LONGEST_KEY], keys)}")
    elif not key or has_control_characters(key) or key != key.strip():
        yield Misfit(place, "wanted: a key of one line without blanks around it")
    else:
        yield from _value(known, kind, value, place, None, root)


def _unknown(known: Facts, structure: str, key: str, root: str) -> str:
    fields = known.structures[structure]
    near = closest(key, fields) if len(key) <= _LONGEST_KEY else None
    if near is None and structure == root:
        near = _nested(known, fields, key)
    component = "the kubelet" if root == KUBELET else "kube-proxy"
    text = f"unknown to {component} of Kubernetes {known.minor}"
    if near:
        return f"{text}, did you mean {near}?"
    flag = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", key[:_LONGEST_KEY]).lower()
    if root == KUBELET and flag in known.kubelet_flags:
        return f"{text}, which has it as an argument --{flag} alone, and kubelab sets those itself; remove it"
    return f"{text}; remove it, or see {_DOCUMENTS[root]}"


def _nested(known: Facts, fields: Mapping[str, str], key: str) -> str | None:
    """The path of a field of that name one structure below."""
    for name, kind in fields.items():
        if any(inner.lower() == key.lower() for inner in known.structures.get(kind, ())):
            return f"{name}/{next(inner for inner in known.structures[kind] if inner.lower() == key.lower())}"
    return None


def _shown_key(key: str) -> str:
    return key if key and len(key) <= _LONGEST_KEY and not has_control_characters(key) else shown(key)
