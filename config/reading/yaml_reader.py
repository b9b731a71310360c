"""YAML text to plain data, strictly: the core schema of YAML 1.2, no key twice, keys are text.

PyYAML parses; it alone would speak YAML 1.1 (the name `no` is a boolean and `12:30` a number), keep the last of two
equal keys, and convert whatever a tag says. So what its nodes mean is decided here, by chapter 10.3 of
https://yaml.org/spec/1.2.2/ (core schema). One thing differs: a number with a zero before it stays text, since Pulumi's
reader of stack files takes 010 for 8.
"""

import math
import re
from collections.abc import Iterator

import yaml

from config.problems import shown_key
from config.reading.plain_data import DEEPEST, MOST_VALUES

_TAG = "tag:yaml.org,2002:"
_SYNTAX = re.compile(r"<[a-z ]+>|\\?.")  # what PyYAML quotes of its own: the name of a token, a character
_LONGEST_NUMBER = 300  # digits; a double has no more
_OTHER_TAGS = ("binary", "omap", "pairs", "set", "timestamp", "value", "yaml")

_PATTERNS = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": re.compile(
        r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))"
        r"|\.(?:nan|NaN|NAN)"
    ),
    "merge": re.compile(r"<<"),
}
_FIRST = {"null": "~nN", "bool": "tTfF", "int": "-+0123456789", "float": "-+.0123456789", "merge": "<"}


class YamlError(ValueError):
    """The faults of one YAML text, each with its line and column; never the text around it, which may hold a secret."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes within bounds, so that no text takes long or ends in a RecursionError."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own name)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As PyYAML has it. Raises YamlError for what is too deep or too much."""
        self._nodes += 1
        self._depth += 1
        if self._depth > DEEPEST or self._nodes > MOST_VALUES:
            too_deep = f"more than {DEEPEST} mappings or lists inside each other; write them less deep"
            found = too_deep if self._depth > DEEPEST else f"more than {MOST_VALUES} values; write less"
            raise YamlError([f"{_place(self.get_mark())}: found {found}"])
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _name, _first in _FIRST.items():
    _whole = re.compile(rf"^(?:{_PATTERNS[_name].pattern})\Z")
    _StrictLoader.add_implicit_resolver(f"{_TAG}{_name}", _whole, [*_first, *([""] if _name == "null" else [])])


def read_yaml(text: str) -> object:
    """The data of the one document in `text`.

    Numbers may come out infinite, and a value behind aliases stands at many places: whether that may be is a question
    of plain data. Raises YamlError for a syntax error (the first), or for everything that has no meaning.
    """
    root = _parsed(text)
    faults = list(_faults(root, set()))
    if faults:
        raise YamlError(faults)
    return None if root is None else _Meaning().of(root)


def _parsed(text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _StrictLoader(text)
        node: yaml.Node | None = loader.get_single_node()
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or ""
        reason = f"{error.context}, {problem}" if problem.startswith("but ") else problem
        raise YamlError([f"{_place(mark)}: not valid YAML: {_without_words(reason)}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError([f"line {line}: not valid YAML: a special character is not allowed here"]) from None
    except (ValueError, OverflowError, RecursionError):  # from conversions inside PyYAML: an escape, a directive
        place = _place(loader.get_mark() if loader else None)
        raise YamlError(
            [f"{place}: not valid YAML: found an escape or a number that means nothing; remove it"]
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    return node


def _faults(node: yaml.Node | None, visited: set[int]) -> Iterator[str]:
    """The faults of all nodes in and below `node`; `visited` keeps an alias of itself from being walked for ever."""
    if node is None or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        yield from _scalar_faults(node)
        return
    if node.tag != f"{_TAG}{'seq' if isinstance(node, yaml.SequenceNode) else 'map'}":
        yield f"{_place(node.start_mark)}: found {_tag_shown(node)}; remove it"
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _faults(item, visited)
    elif isinstance(node, yaml.MappingNode):
        yield from _mapping_faults(node, visited)


def _mapping_faults(node: yaml.MappingNode, visited: set[int]) -> Iterator[str]:
    lines: dict[str, int] = {}
    for key, value in node.value:
        place = _place(key.start_mark)
        is_merge = key.tag == f"{_TAG}merge"
        if (key.tag != f"{_TAG}str" and not is_merge) or not isinstance(key, yaml.ScalarNode):
            yield f"{place}: a key must be text: write it in quotes"
        elif key.value in lines:
            yield f"{place}: found key {shown_key(key.value)!r} twice (first on line {lines[key.value]})"
        else:
            lines[key.value] = key.start_mark.line + 1
        if is_merge and not all(isinstance(each, yaml.MappingNode) for each in _merged(value)):
            yield f"{_place(value.start_mark)}: found << before what is no mapping, wanted: an alias of one, or a list"
        yield from _faults(value, visited)


def _scalar_faults(node: yaml.ScalarNode) -> Iterator[str]:
    place, name = _place(node.start_mark), node.tag.removeprefix(_TAG)
    if name == "str":
        return
    if node.tag == f"{_TAG}{name}" and name in _PATTERNS and name != "merge":
        if not _means(name, node.value):
            yield f"{place}: found a value that is not what its tag !!{name} says; remove the tag"
    else:
        yield f"{place}: found {_tag_shown(node)}; remove it, and write a text in quotes"


def _means(name: str, text: str) -> bool:
    return bool(_PATTERNS[name].fullmatch(text) or (name == "float" and _PATTERNS["int"].fullmatch(text)))


def _tag_shown(node: yaml.Node) -> str:
    name = node.tag.removeprefix(_TAG)
    known = name in (*_OTHER_TAGS, *_PATTERNS, "str", "map", "seq")
    return f"the tag !!{name}, which does not fit here" if known else "a tag that means nothing here"


def _merged(value: yaml.Node) -> list[yaml.Node]:
    return value.value if isinstance(value, yaml.SequenceNode) else [value]


class _Meaning:
    """The data of nodes without faults. What an alias names is made once, however often it is named."""

    def __init__(self) -> None:
        self._made: dict[int, object] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node) -> object:
        """The data of `node`. Raises YamlError if it stands inside itself."""
        if id(node) in self._open:
            raise YamlError([f"{_place(node.start_mark)}: found an alias inside what it names; write the value out"])
        if id(node) not in self._made:
            self._open.add(id(node))
            self._made[id(node)] = self._new(node)
            self._open.remove(id(node))
        return self._made[id(node)]

    def _new(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        return _scalar(node.tag.removeprefix(_TAG), node.value)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        """A key of its own wins over one that is merged in, and an earlier mapping of a list over a later one.

        Values are made in the order of the text, so that whatever an alias names is there already.
        """
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, value in node.value:
            if key.tag != f"{_TAG}merge":
                own[key.value] = self.of(value)
                continue
            for data in map(self.of, _merged(value)):
                if isinstance(data, dict):
                    merged |= {name: data[name] for name in data if name not in merged}
        return {**merged, **own}


def _scalar(name: str, text: str) -> object:
    match name:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" | "float" if len(text) > _LONGEST_NUMBER:
            return math.inf
        case "int":
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        case "float":
            return float(text.lower().replace(".", "") if text[-1].isalpha() else text)  # .inf is Python's inf
        case _:
            return text


def _place(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"


def _without_words(problem: str) -> str:
    """PyYAML's reason without the user's own words: `*hunter2` as a password is an `undefined alias 'hunter2'`."""
    return re.sub(r"'([^']*)'", lambda quoted: quoted[0] if _SYNTAX.fullmatch(quoted[1]) else "(not shown)", problem)
