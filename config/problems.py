"""What is wrong with an input, in one style: where, path, what was found, what is allowed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_LONGEST_SHOWN = 60
_SECRET_KEY = re.compile(r"password|passwd|secret|token|credential|private", re.IGNORECASE)
_DECLARED_FILE = re.compile(r"(^|/)files/")
_OF_DECLARED_FILES = ("/mode", "/source", "/secret")
# Anything before an @ that has a colon in it may be user:password@host, with or without a scheme.
_USERINFO = re.compile(r"[^\s/:@]+:.*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the file as the user knows it, the keys down to the place, and what to write instead."""

    where: str
    path: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.text) if part)


class ConfigError(ValueError):
    """Everything that is wrong with a lab's configuration; str() is a header line and one line per problem."""

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"reading the configuration of {subject}: {count}", *map(str, problems)]))


def shown(value: object, path: str = "") -> str:
    """`value` as an error message may show it: short, on one line, and nothing that may be a secret.

    `path` is where the value was found; of a key that speaks of secrets no value is shown.
    """
    if value is None:
        return "nothing"
    if _SECRET_KEY.search(path.rpartition("/")[2]) or _is_text_of_a_file(value, path):
        return "a value that is not shown"
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return _shown_text(value)
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a YAML {type(value).__name__}"


def _is_text_of_a_file(value: object, path: str) -> bool:
    """Whether it may be what a declared file holds: any value at such a file but its name and what says how it is."""
    if not _DECLARED_FILE.search(path) or path.endswith(_OF_DECLARED_FILES):
        return False
    return isinstance(value, str) and not path.endswith(f"/{value}")


def _shown_text(value: str) -> str:
    if "\n" in value:
        return "a text of several lines"
    text = _USERINFO.sub("***@", value)
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The one of `choices` that `word` was most likely meant to be, or None.

    Letter case does not count, nor do _ - . and a namespace before a colon.
    """
    by_plain = {_plain(choice): choice for choice in choices}
    found = get_close_matches(_plain(word), by_plain, n=1, cutoff=0.7)
    return by_plain[found[0]] if found else None


def one_of(word: object, choices: Sequence[str]) -> str:
    """`allowed: a, b (did you mean a?)`, the hint only where `word` is close to a choice."""
    allowed = f"allowed: {', '.join(choices)}"
    meant = closest(word, choices) if isinstance(word, str) else None
    return f"{allowed} (did you mean {meant}?)" if meant else allowed


def _plain(word: str) -> str:
    return re.sub(r"[-_.\s]", "", word.rpartition(":")[2]).lower()
