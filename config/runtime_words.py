"""The words for container runtimes and their versions, as `config.versions` has them, and why others are none."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config import retired, versions
from config.problems import one_of
from config.scalars import Version

_WORDS = tuple(versions.RUNTIMES)
_VERSIONED = (*_WORDS, versions.CRI_DOCKERD_KEY)
_NONE = ("none", "false", "off", "no", "")


def _runtime(value: str) -> str:
    if value in _WORDS:
        return value
    raise ValueError(retired.RUNTIMES.get(value.lower()) or one_of(value, _WORDS))


def _versioned(value: str) -> str:
    if value in _VERSIONED:
        return value
    meant = value.lower().replace("-", "")
    reason = None if meant == versions.CRI_DOCKERD_KEY.lower() else retired.RUNTIMES.get(value.lower())
    raise ValueError(reason or one_of(value, _VERSIONED))


def _some_version(value: object) -> object:
    if value is False or value is None or (isinstance(value, str) and value.lower() in _NONE):
        raise ValueError(
            "wanted: a version; docker reaches a kubelet through cri-dockerd alone, and no runtime can be left out: "
            "remove the key for the default"
        )
    return value


Runtime = Annotated[str, AfterValidator(_runtime), Field(json_schema_extra={"enum": list(_WORDS)})]
RuntimeVersions = Annotated[
    dict[
        Annotated[str, AfterValidator(_versioned)],
        Annotated[Version, BeforeValidator(_some_version)],
    ],
    Field(json_schema_extra={"propertyNames": {"enum": list(_VERSIONED)}}),
]
