"""YAML text to plain data, strictly: the core schema of YAML 1.2, no key twice, keys are text.

PyYAML alone speaks YAML 1.1 (the name `no` is a boolean and `12:30` a number) and keeps the last of two equal keys.
"""

import re
from collections.abc import Iterator

import yaml

_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_SYNTAX = re.compile(r"<[a-z ]+>|\\?.")  # what PyYAML quotes of its own: the name of a token, a character


class YamlError(ValueError):
    """The faults of one YAML text, each with its line and column; never the text around it, which may hold a secret."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


class _StrictLoader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own name)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?", "-+0123456789"),
    ("merge", r"<<", "<"),
):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def read_yaml(text: str) -> object:
    """The data of the one document in `text`.

    Raises YamlError for a syntax error (the first), or for all keys that stand twice or are not text.
    """
    try:
        loader = _StrictLoader(text)
        try:
            root = loader.get_single_node()
            faults = list(_key_faults(root, set()))
            data: object = None if faults or root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or ""
        reason = f"{error.context}, {problem}" if problem.startswith("but ") else problem
        raise YamlError([f"{_place(mark)}: not valid YAML: {_without_words(reason)}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError([f"line {line}: not valid YAML: a special character is not allowed here"]) from None
    if faults:
        raise YamlError(faults)
    return data


def _key_faults(node: yaml.Node | None, visited: set[int]) -> Iterator[str]:
    """The faults of all mappings in and below `node`; `visited` keeps an alias of itself from being walked for ever."""
    if node is None or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                pass
            elif key.tag != _TEXT or not isinstance(key, yaml.ScalarNode):
                yield f"{_place(key.start_mark)}: a key must be text: write it in quotes"
            elif key.value in lines:
                yield f"{_place(key.start_mark)}: found key {key.value!r} twice (first on line {lines[key.value]})"
            else:
                lines[key.value] = key.start_mark.line + 1
            yield from _key_faults(value, visited)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _key_faults(item, visited)


def _place(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"


def _without_words(problem: str) -> str:
    """PyYAML's reason without the user's own words: `*hunter2` as a password is an `undefined alias 'hunter2'`."""
    return re.sub(r"'([^']*)'", lambda quoted: quoted[0] if _SYNTAX.fullmatch(quoted[1]) else "(not shown)", problem)
