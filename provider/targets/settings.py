"""The provider's configuration of several targets: what each would be configured with alone, and names they had. Pure.

A target alone is configured by plain keys, `targetName` among them if it has one. Several are a JSON list, `targets`,
of the same keys, with `passwords`, a JSON object by name. Where all machines exist, there is none. What the site names
no more is kept as `retiredTargets`, so that what is on it can still be deleted; a target that has another name now is
in `formerNames`, by its former one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provider import configuration, control_planes
from provider.wire import UNKNOWN, Properties, is_unknown

SECRET_KEYS = configuration.SECRET_KEYS | {"passwords"}
_TARGETS, _PASSWORDS, _RETIRED, _FORMER = "targets", "passwords", "retiredTargets", "formerNames"
_NAME = "targetName"  # an engine takes `name` for that of a plugin
_OF_SEVERAL = frozenset({_TARGETS, _PASSWORDS, _RETIRED, _FORMER})
_COMMON = ("owner", *control_planes.KEYS, "machines", "version", "pluginDownloadURL")
_PLACE = ("server", "port", "datacenter", "cluster", "host", "resourcePool", "folder")
"""What tells one target from another, whatever they are called."""
_DEFAULT_PORT = "443"
_OF_TARGETS = ("datastore", "network")
"""What a target of several has besides the keys of one alone: what machines have on it that name no target."""


@dataclass(frozen=True, slots=True)
class Settings:
    """By name, what each target would be configured with alone; '' is the name of one that has none.

    `retired` are those that are named no more, `former` today's names by earlier ones. `homes` is what machines have on
    a target whose node names none; `unplaced` are the machines, as in `machines`, of such nodes.
    `owner` is "<project>/<stack>", None if not known.
    """

    targets: Mapping[str, Properties] = field(default_factory=dict, repr=False)
    retired: Mapping[str, Properties] = field(default_factory=dict, repr=False)
    former: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[str, Properties] = field(default_factory=dict)
    unplaced: tuple[Mapping[str, Any], ...] = ()
    owner: str | None = None


def settings(args: Mapping[str, Any]) -> Settings:
    """What a configuration without faults says. One that is not known yet has no targets."""
    if is_unknown(args.get(_TARGETS)):
        return Settings()
    entries, machines = _entries(args), _list(args.get("machines"))
    several = _TARGETS in args
    alone = {name: _alone(args, entry) for name, entry in entries.items()}
    if several:
        for name, flat in alone.items():
            flat["machines"] = json.dumps([each for each in machines if each.get("host") == name])
    retired = {name: {**_alone(args, entry), "machines": "[]"} for name, entry in _retired(args).items()}
    return Settings(
        targets=alone,
        retired=retired,
        former=_object(args.get(_FORMER)),
        homes={name: {key: entry[key] for key in _OF_TARGETS if key in entry} for name, entry in entries.items()},
        unplaced=tuple(each for each in machines if not each.get("host")) if several else (),
        owner=None if is_unknown(args.get("owner")) else args.get("owner"),
    )


def faults(news: Properties) -> dict[str, str]:
    """What is wrong, by property, all at once; values that are not known yet pass."""
    if _TARGETS not in news:
        return configuration.faults({key: value for key, value in news.items() if key not in {*_OF_SEVERAL, _NAME}})
    try:
        known = settings(news)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return {_TARGETS: f"wanted a JSON list of targets, each with its name ({error})"}
    found: dict[str, str] = {}
    for name, flat in known.targets.items():
        found |= {f"{_TARGETS}[{name}].{key}": fault for key, fault in configuration.faults(flat).items()}
    unknown = news.keys() - {*_COMMON, *_OF_SEVERAL}
    return found | {key: "unknown property" for key in sorted(unknown) if not key.startswith("__")}


def carried(olds: Properties, news: Properties) -> Properties:
    """What of the former configuration is still needed: targets and names that the new one does not say."""
    if not olds or is_unknown(news.get(_TARGETS)):
        return {}
    declared, now = _entries(olds), _entries(news)
    before = {**_retired(olds), **declared}
    stayed_alone = dict(zip(declared, now, strict=True)) if len(declared) == len(now) == 1 else {}
    names = _renamed(before, now, stayed_alone)
    retired = {name: entry for name, entry in before.items() if name not in now and name not in names}
    former = {name: names.get(today, today) for name, today in _object(olds.get(_FORMER)).items()} | names
    kept = {name: today for name, today in former.items() if name not in now and (today in now or today in retired)}
    found: Properties = {}
    if retired:
        shown = [{key: value for key, value in entry.items() if key != "password"} for entry in retired.values()]
        own = news.get(_PASSWORDS)
        of_retired = {name: entry["password"] for name, entry in retired.items() if entry.get("password")}
        found[_RETIRED] = json.dumps(shown)
        found[_PASSWORDS] = UNKNOWN if is_unknown(own) else json.dumps(of_retired | _object(own))
    return found | ({_FORMER: json.dumps(kept)} if kept else {})


def swapped(olds: Properties, news: Properties) -> str | None:
    """Why names may not change as they do: machines would be looked for on another target than theirs."""
    if not olds or is_unknown(news.get(_TARGETS)):
        return None
    before, now = _entries(olds), _entries(news)
    for name, entry in _retired(olds).items():
        if name in now and _place(entry) != _place(now[name]):
            return (
                f"target {name or 'without a name'} is {now[name].get('server')}, and was {entry.get('server')}, where "
                "there may be machines of this lab that are to be deleted; give the one that is declared now a name of "
                "its own"
            )
    for name in before.keys() & now.keys():
        other = next((each for each, entry in now.items() if _place(entry) == _place(before[name])), name)
        if other != name:
            return (
                f"target {name} was {before[name].get('server')}, which is called {other} now, and {name} is "
                f"{now[name].get('server')}: whose machines are where could not be told; give them other names"
            )
    return None


def _renamed(
    before: Mapping[str, Properties], now: Mapping[str, Properties], stayed_alone: Mapping[str, str]
) -> dict[str, str]:
    """Today's names of targets that are called otherwise now: what is the same place, or was and is the only one."""
    found = {}
    for name, entry in before.items():
        same = next((today for today, other in now.items() if _place(other) == _place(entry)), stayed_alone.get(name))
        if name not in now and same is not None:
            found[name] = same
    return found


def _entries(args: Mapping[str, Any]) -> dict[str, Properties]:
    """The targets with their passwords by name; none where all machines exist."""
    if _TARGETS not in args:
        flat = {key: value for key, value in args.items() if key not in {*_OF_SEVERAL, *_COMMON}}
        return {str(args.get(_NAME) or ""): flat} if any(map(flat.get, configuration.OF_A_HOST)) else {}
    return _with_passwords(args, _list(args[_TARGETS]))


def _retired(args: Mapping[str, Any]) -> dict[str, Properties]:
    return _with_passwords(args, _list(args.get(_RETIRED)))


def _with_passwords(args: Mapping[str, Any], entries: list[Properties]) -> dict[str, Properties]:
    known = args.get(_PASSWORDS)
    passwords = {} if is_unknown(known) else _object(known)
    found = {}
    for entry in entries:
        name = str(entry.get(_NAME) or "")
        password = UNKNOWN if is_unknown(known) else passwords.get(name)
        found[name] = {**entry, **({} if password is None else {"password": password})}
    return found


def _alone(args: Mapping[str, Any], entry: Properties) -> Properties:
    """What a target would be configured with if there were no other."""
    common = {key: args[key] for key in _COMMON if key in args}
    return {**common, **{key: value for key, value in entry.items() if key not in {*_OF_TARGETS, _NAME}}}


def _place(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get(key) or (_DEFAULT_PORT if key == "port" else "")).lower() for key in _PLACE)


def _list(text: Any) -> list[Properties]:
    found: list[Properties] = [] if text is None or is_unknown(text) else json.loads(str(text))
    return found


def _object(text: Any) -> dict[str, str]:
    found: dict[str, str] = {} if text is None or is_unknown(text) else json.loads(str(text))
    return found
