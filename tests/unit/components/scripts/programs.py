"""The programs that the scripts call, as shfmt's syntax tree has them: no list of words that somebody keeps."""

import json
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from components.step import LIBRARIES, SCRIPTS

SHFMT = Path(sysconfig.get_path("scripts")) / "shfmt"
# What runs another program: how many words, options left out, come before that one's name.
RUNS_ANOTHER = {"timeout": 1, "xargs": 0, "logged": 1, "wait_until": 2, "prove_step": 1, "package_tool": 0}
UNKNOWN = "\0"


def called(text: str) -> set[str]:
    """The programs that a shell text calls: neither its own functions nor what bash itself has."""
    tree = _tree(text)
    words = {
        name for call in _nodes(tree, "CallExpr") for name in _names([_word(word) for word in call.get("Args", [])])
    }
    return {name for name in words if UNKNOWN not in name} - _builtins()


def minified(text: str) -> str:
    """A shell text in its shortest form, without comments."""
    done = subprocess.run([SHFMT, "-mn", "-ln", "bash"], input=text, capture_output=True, text=True, check=True)
    return done.stdout


def defined(text: str) -> set[str]:
    """The functions that a shell text defines."""
    return {str(node["Name"]["Value"]) for node in _nodes(_tree(text), "FuncDecl")}


def guarded(text: str) -> set[str]:
    """The programs that a shell text calls only where they are: it asks by `command -v`."""
    calls = [[_word(word) for word in call.get("Args", [])] for call in _nodes(_tree(text), "CallExpr")]
    return {words[2] for words in calls if words[:2] == ["command", "-v"]}


@cache
def of_all_scripts() -> Mapping[str, set[str]]:
    """Each program that some script calls, with the files that do."""
    texts = {
        path.name: path.read_text() for path in sorted([*SCRIPTS.glob("*.sh"), *(SCRIPTS / LIBRARIES).rglob("*.sh")])
    }
    functions = {name for text in texts.values() for name in defined(text)}
    found: dict[str, set[str]] = {}
    for file, text in texts.items():
        for name in called(text) - functions:
            found.setdefault(name, set()).add(file)
    return MappingProxyType(found)


def _names(words: list[str]) -> Iterator[str]:
    while words:
        name, *rest = words
        yield name
        if name not in RUNS_ANOTHER:
            return
        words = _without_options(rest)[RUNS_ANOTHER[name] :]


def _without_options(words: list[str]) -> list[str]:
    first = next((index for index, word in enumerate(words) if not word.startswith("-")), len(words))
    return words[first:]


def _word(word: dict[str, Any]) -> str:
    return "".join(part.get("Value", "") if part["Type"] in ("Lit", "SglQuoted") else UNKNOWN for part in word["Parts"])


@cache
def _tree(text: str) -> object:
    ran = subprocess.run([SHFMT, "--to-json", "-ln", "bash"], input=text, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def _nodes(tree: object, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("Type") == kind:
            yield tree
        for below in tree.values():
            yield from _nodes(below, kind)
    elif isinstance(tree, list):
        for below in tree:
            yield from _nodes(below, kind)


@cache
def _builtins() -> set[str]:
    ran = subprocess.run(["bash", "-c", "compgen -b; compgen -k"], capture_output=True, text=True, check=True)
    return {*ran.stdout.split(), ""}
