"""The generated facts of a minor of Kubernetes, read when first asked for; `python -m upstream` writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Facts:
    """What Kubernetes of one `minor` (`1.36`) takes; `version` is the one that was read.

    `structures`: by the name of a Go type its fields and their types. A type is another structure, `[]` or `{}` before
    the type of a list's or a mapping's values, a Go kind (`bool`, `int32`, `string`), or a form of text (`duration`, or
    `span` where it is kept as written). `words`: by `Structure.field` the words that it takes, of fields that are no
    free text; `keys` the keys of a mapping.
    `arguments`: by the key of a component (`apiServer`) its arguments and their types, with a reason after those that
    are deprecated. `feature_gates`, `etcd_feature_gates`: by name the stage, the default, and `locked` if it is fixed.
    `kubelet_flags`: the kubelet's own arguments, which are no fields of its configuration.
    """

    minor: str
    version: str
    structures: Mapping[str, Mapping[str, str]]
    words: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, Mapping[str, str]]
    feature_gates: Mapping[str, str]
    etcd_feature_gates: Mapping[str, str]
    kubelet_flags: frozenset[str]


def minors() -> tuple[str, ...]:
    """Every minor of which there are facts, the oldest first."""
    return tuple(sorted((file.stem for file in _FOLDER.glob("*.json")), key=lambda minor: int(minor.partition(".")[2])))


@cache
def facts(minor: str) -> Facts:
    """The facts of a minor. Raises FileNotFoundError for one that was not generated."""
    read = json.loads((_FOLDER / f"{minor}.json").read_text(encoding="utf-8"))
    return Facts(
        minor=minor,
        version=read["version"],
        structures=read["structures"],
        words={field: tuple(words) for field, words in read["words"].items()},
        keys={field: tuple(keys) for field, keys in read["keys"].items()},
        arguments=read["arguments"],
        feature_gates=read["featureGates"],
        etcd_feature_gates=read["etcdFeatureGates"],
        kubelet_flags=frozenset(read["kubeletFlags"]),
    )
