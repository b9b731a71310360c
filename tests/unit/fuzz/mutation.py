"""One change of a lab's data: a key or a value replaced, removed, added, moved, or nearly what it was."""

import re
from copy import deepcopy
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, TypeAlias

from hypothesis import strategies as st

from config import wishes
from config.model import Spec
from config.site import SiteSpec
from config.stack import StackConfig
from tests.unit.fuzz.hostile import KEYS, SECRET, TEXTS, VALUES

Json: TypeAlias = Any
_CHANGES = (
    "replace",
    "replace",
    "remove",
    "rename",
    "add",
    "move",
    "wrap",
    "odd",
    "odd",
    "nudge",
    "nudge",
    "nudge",
    "nudge",
)
_TEXT = st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
_NUDGES = "aZ09-._/:@ é'\"$\\#{}=[]%~\n\u2028\U0001f600"


@cache
def known_keys() -> tuple[str, ...]:
    """Every key that some part of a stack or a site has, and every one that is refused by name."""
    found = set[str]()
    models: list[type[Spec]] = [StackConfig, SiteSpec, *_parts(Spec)]
    for model in models:
        found |= {str(each.alias) for each in model.model_fields.values()} | set(model.refused_keys.words)
    return tuple(sorted(found | set(wishes.ANYWHERE.words)))


def _parts(of: type[Spec]) -> list[type[Spec]]:
    return [part for direct in of.__subclasses__() for part in (direct, *_parts(direct))]


def _places(data: Json, found: list[tuple[Json, Any]]) -> list[tuple[Json, Any]]:
    """Every place in `data`, as what holds it and the key there."""
    for key, value in list(data.items()) if isinstance(data, dict) else list(enumerate(data)):
        found.append((data, key))
        if isinstance(value, dict | list):
            _places(value, found)
    return found


def mutate(draw: st.DrawFn, data: Json) -> None:
    """One change somewhere in `data`."""
    places = _places(data, [])
    if not places:
        return
    ends = [(holder, key) for holder, key in places if not isinstance(holder[key], dict | list)]
    chance = Random(draw(st.integers(0, 2**32)))  # even, where hypothesis prefers what comes first
    holder, key = chance.choice(ends if ends and chance.random() < 0.75 else places)
    change = chance.choice(_CHANGES)
    match change:
        case "remove":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[draw(odd_keys())] = holder.pop(key)
        case "add" if isinstance(holder, dict):
            holder[draw(odd_keys())] = deepcopy(draw(odd_values()))
        case "move":
            other, place = places[draw(st.integers(0, len(places) - 1))]
            if place in other if isinstance(other, dict) else place < len(other):
                other[place] = deepcopy(holder[key])
        case "wrap":
            holder[key] = {"a": holder[key]} if draw(st.booleans()) else [holder[key]]
        case "odd" if isinstance(holder[key], str):
            odd = draw(odd_texts())
            holder[key] = f"{holder[key]}{odd}" if draw(st.booleans()) else f"{odd}{holder[key]}"
        case "nudge" if isinstance(holder[key], str):
            holder[key] = _nudged(draw, holder[key])
        case "nudge" if isinstance(holder[key], bool):
            holder[key] = not holder[key]
        case "nudge" if isinstance(holder[key], int):
            holder[key] += draw(st.sampled_from((-1, 1, 2, 4, 1024)))
        case "nudge" if isinstance(holder[key], dict) and isinstance(holder, dict):
            holder[_nudged(draw, key)] = deepcopy(holder[key])
        case _:
            holder[key] = deepcopy(draw(odd_values()))


def secrets_in_place(data: Json, keys: tuple[str, ...] = ()) -> Json:
    """`data` without the secret where nobody could know it for one: moved from under its key, or no login any more."""
    if isinstance(data, dict):
        return {_known(key, ()): secrets_in_place(value, (*keys, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [secrets_in_place(item, keys) for item in data]
    return _known(data, keys) if isinstance(data, str) else data


def _known(text: str, keys: tuple[str, ...]) -> str:
    speaking = [key for above, key in pairwise(("", *keys)) if above not in ("registries", "kubelab:nodes")]
    named = any(word in key for key in speaking for word in ("password", "Password", "token", "Secret", "secret"))
    is_login = re.search(rf"[^\s/:@]:{SECRET}@", text)
    return text if named or is_login else text.replace(SECRET, "moved")


def _nudged(draw: st.DrawFn, text: str) -> str:
    """`text` with one character more, less, or another."""
    at = draw(st.integers(0, len(text)))
    inserted: str = draw(st.sampled_from(("", *_NUDGES)))
    return text[:at] + inserted + text[at + draw(st.integers(0, 1)) :]


def odd_texts() -> st.SearchStrategy[str]:
    """Texts that something may stumble over."""
    return st.one_of(st.sampled_from(TEXTS), st.sampled_from(TEXTS), _TEXT, st.from_regex(r"[-a-z0-9.:/]{1,20}"))


def odd_keys() -> st.SearchStrategy[str]:
    """Keys: known ones at the wrong place, hostile ones, any text."""
    return st.one_of(st.sampled_from(known_keys()), st.sampled_from(KEYS), _TEXT)


def odd_values() -> st.SearchStrategy[Json]:
    """Values of any kind."""
    return st.one_of(
        st.sampled_from(VALUES),
        odd_texts(),
        st.integers(),
        st.floats(),
        st.dictionaries(odd_keys(), odd_texts(), max_size=2),
    )
