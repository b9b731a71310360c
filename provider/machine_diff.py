"""What changed of a machine's properties, and what each change takes; what of it is refused. Pure.

What the driver does about it is in provider/vsphere/lifecycle/plan.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provider.resource import Change, Kind, PropertyChange, kind
from provider.vsphere import desired
from provider.vsphere.errors import RefusedError
from provider.vsphere.fields import TEXTS, TRUTH, Effect, Field, text
from provider.vsphere.lifecycle.declared import DesiredDisk, card_keys, cards_of, disks_of
from provider.wire import Properties, is_unknown

TRIGGERS = Field("replaceTriggers", TEXTS, Effect.BY_KEY, optional=True)
OF_REPLACEMENT = (
    TRIGGERS,
    Field("keepOnTriggers", TRUTH, Effect.NOTHING, optional=True),
    Field("holds", text("what is lost with the machine"), Effect.NOTHING, optional=True),
    Field("allowReplace", TRUTH, Effect.NOTHING, optional=True),
)
HOST = Field("host", text("a target's name"), Effect.REPLACE, optional=True)
FIELDS = (*desired.FIELDS, HOST, *OF_REPLACEMENT)
SEED = "seed"  # of an import: the digest of what only another machine can have and a host does not show
_OF_THE_SEED = ("datastore", "network")  # which a host shows, too, though maybe by other names than the declared ones
_DEFAULTS = {"power": "on"}


def changes(olds: Properties, news: Properties) -> list[PropertyChange]:
    """From the old outputs to the new inputs: in place, or by another machine."""
    found = [change for field in FIELDS for change in _changes(field, olds, news)]
    if SEED in olds and _is_made_of(olds[SEED], news):
        found = [
            replace(change, change=Change.UPDATE) if change.kind is Kind.ADD or change.key in _OF_THE_SEED else change
            for change in found
        ]
    return found


def refuse(olds: Properties, news: Properties, found: Sequence[PropertyChange]) -> None:
    """Raises RefusedError for what neither this machine nor another one should be; `found` are the changes."""
    if any(change.change is Change.REPLACE for change in found):
        return
    refused = [*_lower_version(olds, news), *_lost_disks(olds, news)]
    if refused:
        raise RefusedError(f"machine {olds.get('name')}: {'; '.join(refused)}")


def takes_power_cycle(found: Sequence[PropertyChange], olds: Properties, news: Properties) -> list[str]:
    """The changes for which the machine is shut down and started again, as far as the state says."""
    cycles = {field.name for field in FIELDS if field.effect in (Effect.POWER_CYCLE, Effect.RAISE)}
    removed = {disk.name for disk in disks_of(olds.get("extraDisks")) if not disk.remove} & {
        disk.name for disk in disks_of(news.get("extraDisks")) if disk.remove
    }
    return [change.path for change in found if change.key in cycles] + [
        f"extraDisks {name}" for name in sorted(removed)
    ]


def _changes(field: Field, olds: Properties, news: Properties) -> list[PropertyChange]:
    """The changes of one property, by keys or items if it has them; a value that is not known yet counts as changed."""
    default = _DEFAULTS.get(field.name)
    old, new = olds.get(field.name, default), news.get(field.name, default)
    match field.effect:
        case Effect.NOTHING:
            return []
        case Effect.BY_KEY:
            both = _when_triggered(news) if field is TRIGGERS else Change.UPDATE
            return _map_changes(field.name, old or {}, new or {}, both)
        case Effect.CARDS:
            return _item_changes(field.name, old or [], new or [], lambda items: card_keys(cards_of(items)))
        case Effect.DISKS:
            return _item_changes(field.name, old or [], new or [], lambda items: [item["name"] for item in items])
        case Effect.GROWTH:
            change = Change.UPDATE if isinstance(new, int) and isinstance(old, int) and new > old else Change.REPLACE
        case Effect.REPLACE:
            change = Change.REPLACE
        case _:
            change = Change.UPDATE
    return [] if old == new else [PropertyChange(field.name, kind(field.name, olds, news), change)]


def _map_changes(name: str, old: Mapping[str, Any], new: Any, both: Change) -> list[PropertyChange]:
    """The changes of a map by its keys; `both` is what a key means that had a value before and has another one now."""
    if not isinstance(new, dict):  # not known yet
        return [PropertyChange(name, Kind.UPDATE, Change.UPDATE)]
    return [
        PropertyChange(f'{name}["{key}"]', kind(key, old, new), both if key in old and key in new else Change.UPDATE)
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _item_changes(name: str, old: Any, new: Any, keys: Any) -> list[PropertyChange]:
    """The changes of a list whose order says nothing, by what tells its items apart; in place all of them."""
    if not isinstance(new, list) or is_unknown(new):
        return [PropertyChange(name, Kind.UPDATE, Change.UPDATE)]
    before = {key: (at, _plain_item(item)) for at, (key, item) in enumerate(zip(keys(old), old, strict=True))}
    after = {key: (at, _plain_item(item)) for at, (key, item) in enumerate(zip(keys(new), new, strict=True))}
    found = []
    for key in [*after, *(key for key in before if key not in after)]:
        if key not in after:
            found.append(PropertyChange(f"{name}[{before[key][0]}]", Kind.DELETE, Change.UPDATE))
        elif key not in before:
            found.append(PropertyChange(f"{name}[{after[key][0]}]", Kind.ADD, Change.UPDATE))
        else:
            (at, now), was = after[key], before[key][1]
            found += [
                PropertyChange(f"{name}[{at}].{part}", kind(part, was, now), Change.UPDATE)
                for part in sorted(was.keys() | now.keys())
                if was.get(part) != now.get(part)
            ]
    return found


def _plain_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item without what is its default in any case."""
    plain = {key: value for key, value in item.items() if value is not None}
    defaults = {"connected": True, "thin": True, "remove": False}
    plain = {key: value for key, value in plain.items() if key not in defaults or value != defaults[key]}
    if isinstance(plain.get("macAddress"), str):
        plain["macAddress"] = plain["macAddress"].lower()
    return plain


def _when_triggered(news: Properties) -> Change:
    return Change.UPDATE if news.get("keepOnTriggers") is True else Change.REPLACE


def _is_made_of(seed: Any, news: Properties) -> bool:
    """True if the machine of this seed was made of what is declared now, of which a host shows the digest alone."""
    needed = [field.name for field in desired.FIELDS if not field.optional]
    if any(name not in news or is_unknown(news[name]) for name in needed):
        return False
    from provider.vsphere.making.cloudinit import seed as seed_of  # loads YAML, which a run without import needs not

    return bool(seed_of(desired.desired_machine(news)) == seed)


def _lower_version(olds: Properties, news: Properties) -> Iterator[str]:
    before, after = olds.get("hardwareVersion"), news.get("hardwareVersion")
    if isinstance(before, int) and isinstance(after, int) and after < before:
        yield (
            f"machine.hardwareVersion is {after}, was {before}; it never goes down on a machine that exists: write "
            f"{before}, or nothing"
        )


def _lost_disks(olds: Properties, news: Properties) -> Iterator[str]:
    """A disk is deleted by word alone, and never becomes smaller or another kind."""
    if is_unknown(news.get("extraDisks")):
        return
    after = {disk.name: disk for disk in disks_of(news.get("extraDisks"))}
    for was in disks_of(olds.get("extraDisks")):
        now = after.get(was.name)
        if was.remove or (now is not None and now.remove):
            continue
        yield from _lost(was, now)


def _lost(was: DesiredDisk, now: DesiredDisk | None) -> Iterator[str]:
    if now is None:
        yield (
            f"disk {was.name} of {was.gib} GiB is not in extraDisks any more, and what is on it would be lost; put it "
            f"back, or, if that is meant, write {{name: {was.name}, remove: true}} for one run"
        )
    elif now.gib < was.gib:
        yield (
            f"sizeGiB of disk {was.name} is {now.gib}, was {was.gib}; disks cannot shrink: put it back, or add a disk "
            "of another name"
        )
    elif now.thin != was.thin:
        yield f"thin of disk {was.name} changes, which only a new disk can: put it back, or add one of another name"
