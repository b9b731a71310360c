"""What a user may write of an image: a word that `make image` made known, or an OVA with its checksum and system."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, Tag

from components.guest_families import unfit
from components.guest_systems import GUEST_SYSTEMS
from components.records.discovery import default
from config.forms import OTHER, TEMPLATE, TEXT, TEXT_TEMPLATE_OR_OTHER
from config.images import wishes
from config.model import Spec
from config.problems import one_of
from config.values import Name, OvaLocation, Sha256

_WORD = r"[a-z0-9][a-z0-9.-]{0,62}"


def default_guest_system() -> str:
    """The word for the guest system of an image that does not say what it holds."""
    return default(GUEST_SYSTEMS).name


def guest_systems() -> tuple[str, ...]:
    """The words for guest systems, sorted."""
    return tuple(sorted(GUEST_SYSTEMS))


def _fit(value: str) -> str:
    reason = unfit.reason(value)
    if reason:
        raise ValueError(f"which no node can have: {reason}; allowed: {', '.join(guest_systems())}")
    return value


def _guest_system(value: str) -> str:
    if value in GUEST_SYSTEMS:
        return value
    raise ValueError(one_of(_fit(value), guest_systems()))


def _word(value: str) -> str:
    if "/" in value or value.endswith(".ova"):
        raise ValueError("wanted: an OVA with its checksum, as {ova: ..., sha256: ...}, or the word of an image")
    if re.fullmatch(_WORD, value):
        return _fit(value)
    raise ValueError("wanted: the word of an image such as debian-13, or {ova: ..., sha256: ...}")


GuestSystemName = Annotated[
    str, AfterValidator(_guest_system), Field(json_schema_extra={"enum": list(guest_systems())})
]
ImageWord = Annotated[str, AfterValidator(_word), Field(json_schema_extra={"pattern": f"^{_WORD}$"})]


class ImageSpec(Spec):
    """A node image as an OVA, with its checksum."""

    refused_keys = wishes.IMAGE

    ova: OvaLocation = Field(description="the OVA: a path, an https:// URL or a file:/// URL")
    sha256: Sha256 = Field(description="the SHA-256 sum of the OVA, 64 hexadecimal digits")
    system: GuestSystemName | None = Field(
        default=None, description=f"the guest system that it holds; default: {default_guest_system()}"
    )


class TemplateSpec(Spec):
    """A template that a vCenter has, of which machines are cloned; it is never changed."""

    refused_keys = wishes.TEMPLATE

    template: Name = Field(description="the template, by its name or by its path below the datacenter's VM folder")
    system: GuestSystemName | None = Field(
        default=None, description=f"the guest system that it holds; default: {default_guest_system()}"
    )


Image = Annotated[
    Annotated[ImageWord, Tag(TEXT)] | Annotated[ImageSpec, Tag(OTHER)] | Annotated[TemplateSpec, Tag(TEMPLATE)],
    TEXT_TEMPLATE_OR_OTHER,
]
