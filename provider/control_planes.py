"""What becomes of control planes from one configuration of the provider to the next. Pure.

`controlPlanes` are the names of all of them, with commas between, and `existingControlPlanes` of those whose machines
exist. A loss is said, and refused unless `allowReplace` has a name. In states of before, without the second key, the
first has those that were made, or all where none was made; in the earliest there is neither, and all were made.
"""

from provider.wire import Properties, is_unknown

_ALL, _EXISTING, _ALLOWED = "controlPlanes", "existingControlPlanes", "allowReplace"
KEYS = (_ALL, _EXISTING, _ALLOWED)
_OF_HOSTS = ("server", "user", "password", "targets")
_LOST = "its etcd is lost, and with it the cluster that it holds"
_WORD = "if that is meant or no cluster stands yet, write allowReplace: true at"


def lost(olds: Properties, news: Properties) -> str | None:
    """What is lost with control planes that are none any more, or on another machine; None if there are none."""
    told = [_told_of_gone(_gone(olds, news)), *_moved(olds, news).values()]
    return "; ".join(f"{each}; {_LOST}" for each in told if each) or None


def refusal(olds: Properties, news: Properties) -> str | None:
    """Why control planes may not be lost."""
    allowed, gone = _names(news, _ALLOWED), _gone(olds, news)
    refused = []
    if gone and not allowed and not set(gone) <= _names(olds, _ALLOWED):
        way_out = f"declare it again, or, {_WORD} the control plane that is declared now"
        refused.append(f"{_told_of_gone(gone)}; {_LOST}; {way_out}")
    for name, told in _moved(olds, news).items():
        if name not in allowed:
            refused.append(f"{told}; {_LOST}; put it back, or, {_WORD} node {name} in the stack file")
    return "; ".join(refused) or None


def _gone(olds: Properties, news: Properties) -> list[str]:
    return [] if is_unknown(news.get(_ALL)) else sorted(_names(olds, _ALL) - _names(news, _ALL))


def _told_of_gone(gone: list[str]) -> str:
    return f"control plane {', '.join(gone)}: declared no more" if gone else ""


def _moved(olds: Properties, news: Properties) -> dict[str, str]:
    """By name, the control planes whose machine was made and now exists, or the other way round."""
    if not olds or is_unknown(news.get(_ALL)) or is_unknown(news.get(_EXISTING)):
        return {}
    existing, found = _existing(news), {}
    for name in sorted(_names(news, _ALL)):
        is_existing, was_existing = name in existing, _was_existing(olds, name)
        if is_existing and was_existing is False:
            found[name] = "on platform.existing now, was on platform.vsphere, where its machine is deleted"
        elif was_existing and not is_existing:
            found[name] = "on platform.vsphere now, was on platform.existing, where its machine is left as it was found"
    return {name: f"control plane {name}: {told}" for name, told in found.items()}


def _was_existing(olds: Properties, name: str) -> bool | None:
    """Whether a control plane's machine was one that exists, None of one that was none."""
    known = _names(olds, _ALL)
    if not known:
        return _ALL in olds or not _has_hosts(olds)
    return name in _existing(olds) if name in known else None


def _existing(properties: Properties) -> set[str]:
    if _EXISTING not in properties and not _has_hosts(properties):
        return _names(properties, _ALL)
    return _names(properties, _EXISTING)


def _has_hosts(properties: Properties) -> bool:
    return any(properties.get(key) for key in _OF_HOSTS)


def _names(properties: Properties, key: str) -> set[str]:
    return {name for name in str(properties.get(key) or "").split(",") if name}
