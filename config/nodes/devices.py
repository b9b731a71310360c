"""What a node's machine has besides what it was made with: further disks and cards, and whether it is on."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from config.addresses.values import MacAddress
from config.lab import Power
from config.model import Spec

MOST_DISKS, MOST_CARDS = 12, 9
_DISK_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


def _disk_name(value: str) -> str:
    if _DISK_NAME.fullmatch(value):
        return value
    raise ValueError("wanted: a name of at most 32 lower case letters, digits and -, as its file is called by it")


def _name(value: str) -> str:
    if value and value == value.strip() and value.isprintable():
        return value
    raise ValueError("wanted: a name, without blanks around it")


class ExtraDiskSpec(Spec):
    """A further disk of a node's machine, made empty; it is destroyed with the machine."""

    name: Annotated[str, AfterValidator(_disk_name)] = Field(description="what tells it from the others, for its life")
    size_gib: int | None = Field(default=None, ge=1, le=63488, description="its size in GiB; it may grow later")
    thin: bool = Field(default=True, description="whether it takes space on the datastore only as it is written to")
    remove: bool = Field(
        default=False, description="the word to delete it with all that is on it; take the entry out afterwards"
    )

    @model_validator(mode="after")
    def _sized(self) -> "ExtraDiskSpec":
        if self.size_gib is None and not self.remove:
            raise ValueError("found no sizeGiB, wanted: its size in GiB")
        return self


class CardSpec(Spec):
    """A further network card of a node's machine."""

    network: Annotated[str, AfterValidator(_name)] = Field(description="the port group that it is on")
    connected: bool = Field(default=True, description="whether it is connected")
    mac_address: MacAddress | None = Field(
        default=None, description="its MAC address; default: one that follows from machine and network"
    )


def _as_mapping(value: object) -> object:
    return {"network": value} if isinstance(value, str) else value


def _once(disks: tuple[ExtraDiskSpec, ...]) -> tuple[ExtraDiskSpec, ...]:
    names = [disk.name for disk in disks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"found the name {twice[0]} twice, wanted: a name of its own for each disk")
    if len(disks) > MOST_DISKS:
        raise ValueError(f"found {len(disks)} disks, allowed: at most {MOST_DISKS}")
    return disks


def _few(cards: tuple[CardSpec, ...]) -> tuple[CardSpec, ...]:
    if len(cards) > MOST_CARDS:
        raise ValueError(f"found {len(cards)} networks, allowed: at most {MOST_CARDS} besides the site's")
    return cards


def _word(value: object) -> object:
    """`on` and `off` are booleans to whoever reads YAML 1.1."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Card = Annotated[CardSpec, BeforeValidator(_as_mapping)]
ExtraDisks = Annotated[tuple[ExtraDiskSpec, ...], Field(strict=False), AfterValidator(_once)]
Networks = Annotated[tuple[Card, ...], Field(strict=False), AfterValidator(_few)]
PowerWord = Annotated[Power, BeforeValidator(_word), WithJsonSchema({"enum": ["on", "off", True, False]})]
