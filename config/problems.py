"""What is wrong with an input, in one style: where, path, what was found, what is allowed."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_LONGEST_SHOWN = 60
_LONGEST_NUMBER_SHOWN = 80
_LONGEST_KEY_SHOWN = 120
_LONGEST_LINE = 2_000
_LONGEST_WORD = 64
_SHORTEST_LIST = 60
_SECRET_KEY = re.compile(r"password|passwd|secret|token|credential|private", re.IGNORECASE)
_DECLARED_FILE = re.compile(r"(^|/)files/")
_OF_DECLARED_FILES = ("/mode", "/source", "/secret")
_KEYS_OF_NAMES = ("kubelab:nodes", "registries")
"""Keys below which the keys are names that a user chose: a node may be called token-1."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the file as the user knows it, the keys down to the place, and what to write instead."""

    where: str
    path: str
    text: str

    def __str__(self) -> str:
        """One line whatever was written: what cannot be printed is escaped, and the end of a very long one cut."""
        return _one_line(": ".join(part for part in (self.where, self.path, self.text) if part))


class ConfigError(ValueError):
    """Everything that is wrong with a lab's configuration; str() is a header line and one line per problem.

    A long list of what is allowed stands in the first line that needs it; later ones refer to that.
    """

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        header = f"reading the configuration of {_one_line(subject)}: {count}"
        super().__init__("\n".join([header, *map(str, _with_lists_once(problems))]))


def at_most(count: int, where: str, problems: Sequence[Callable[[], Problem]]) -> list[Problem]:
    """The first `count` of the problems, which are only then made, and a line for the number of those left out."""
    first = [problem() for problem in problems[:count]]
    left = len(problems) - len(first)
    return [*first, Problem(where, "", f"found {left} faults more; correct these first")] if left else first


def _with_lists_once(problems: Iterable[Problem]) -> Iterator[Problem]:
    first: dict[str, Problem] = {}
    for problem in problems:
        before, allowed, list_ = problem.text.rpartition("allowed: ")
        known = first.setdefault(list_, problem)
        if allowed and len(list_) >= _SHORTEST_LIST and known is not problem:
            yield Problem(problem.where, problem.path, f"{before}{allowed}the same as for {known.path}")
        else:
            yield problem


def _one_line(text: str) -> str:
    whole = text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 3]}..."
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in whole)


def shown(value: object, path: str = "") -> str:
    """`value` as an error message may show it: short, on one line, and nothing that may be a secret.

    `path` is where the value was found; at and below a key that speaks of secrets no value is shown.
    """
    if value is None:
        return "nothing"
    if _speaks_of_secrets(path) or _is_text_of_a_file(value, path):
        return "a value that is not shown"
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {_cut(str(value), _LONGEST_NUMBER_SHOWN)}"
        case str():
            return _shown_text(value, path.rpartition("/")[2])
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a YAML {type(value).__name__}"


def _is_text_of_a_file(value: object, path: str) -> bool:
    """Whether it may be what a declared file holds: any value at such a file but its own name and how it is."""
    if not _DECLARED_FILE.search(path) or path.endswith(_OF_DECLARED_FILES):
        return False
    return isinstance(value, str) and not path.endswith(f"/{value}")


def shown_key(key: str) -> str:
    """A key that a user wrote as a message may show it: short, on one line, without a password before a host."""
    return _cut(_one_line(without_login(key[:_LONGEST_LINE])), _LONGEST_KEY_SHOWN)


def _speaks_of_secrets(path: str) -> bool:
    keys = path.split("/")
    return any(
        _SECRET_KEY.search(key) for above, key in zip(["", *keys], keys, strict=False) if above not in _KEYS_OF_NAMES
    )


def _shown_text(value: str, key: str) -> str:
    if "\n" in value:
        return "a text of several lines"
    if "PRIVATE KEY" in value:
        return "a value that is not shown"
    text = without_login(value)
    if "://" in text and "?" in text:
        text = f"{text.partition('?')[0]}?***"
    if key == "user" and ":" in text:
        text = f"{text.partition(':')[0]}:***"
    return repr(_cut(text, _LONGEST_SHOWN))


def without_login(text: str) -> str:
    """`text` with *** for what may be user:password before an @, with or without a scheme."""
    before, at, after = text.rpartition("@")
    colon = re.search(r"[^\s/:@]:", before) if at else None
    if colon is None:
        return text
    start = colon.start()
    while start and before[start - 1] not in "/:@" and not before[start - 1].isspace():
        start -= 1
    return f"{before[:start]}***@{after}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The one of `choices` that `word` was most likely meant to be, or None.

    Letter case does not count, nor do _ - . and a namespace before a colon.
    """
    if len(word) > _LONGEST_WORD:
        return None
    by_plain = {plain(choice): choice for choice in choices}
    found = get_close_matches(plain(word), by_plain, n=1, cutoff=0.7)
    return by_plain[found[0]] if found else None


def one_of(word: object, choices: Sequence[str]) -> str:
    """`allowed: a, b (did you mean a?)`, the hint only where `word` is close to a choice."""
    allowed = f"allowed: {', '.join(choices)}"
    meant = closest(word, choices) if isinstance(word, str) else None
    return f"{allowed} (did you mean {meant}?)" if meant else allowed


def plain(word: str) -> str:
    """`word` without what does not count in a comparison: case, blanks, _ - . and a namespace before a colon."""
    return re.sub(r"[-_.\s]", "", word.rpartition(":")[2]).lower()
