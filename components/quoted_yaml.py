"""YAML that no reader takes for anything else: every text in quotes, keys too where a reader might convert them. Pure.

YAML 1.1, as the kubelet and kubeadm read it, takes `y`, `n`, `on`, `1e3` and `0o17` for truths and numbers.
"""

import re
from collections.abc import Iterable, Mapping

import yaml

# No number and no word of two letters begins like this, and no longer word that means a truth or nothing is left.
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]{3,}")
_WORDS = frozenset({"true", "false", "null"})


class _Quoted(str):
    __slots__ = ()


class _Dumper(yaml.CSafeDumper):  # libyaml's emitter, which takes a tenth of the time of PyYAML's own
    def ignore_aliases(self, _: object) -> bool:
        return True


def _represented(dumper: _Dumper, text: _Quoted) -> yaml.Node:
    # Several lines stay readable as a block, which is a text too; one that a block cannot hold gets quotes.
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|" if _is_block(text) else '"')


def _is_block(text: str) -> bool:
    return "\n" in text and text.replace("\n", "").isprintable()


_Dumper.add_representer(_Quoted, _represented)


def dump(document: Mapping[str, object]) -> str:
    """One document, keys in the order given."""
    return dump_all([document])


def dump_all(documents: Iterable[Mapping[str, object]]) -> str:
    """Several documents as one text."""
    written = [_quoted(document) for document in documents]
    # No line is folded, so that a value is found as a whole where a preview shows it.
    return yaml.dump_all(
        written, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=2**31 - 1, allow_unicode=True
    )


def _quoted(value: object) -> object:
    if isinstance(value, str):
        return _Quoted(value)
    if isinstance(value, Mapping):
        return {_key(str(key)): _quoted(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_quoted(each) for each in value]
    return value


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else _Quoted(key)
