"""The single values of the schema: what each must look like, said in the words of the error message."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config import retired, versions
from config.locations import LABEL
from config.problems import one_of

_HEX_64 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_EXAMPLE = f"for example {next(iter(versions.KUBERNETES))}"
_RUNTIMES = tuple(versions.RUNTIMES)
_VERSIONED = (*_RUNTIMES, versions.CRI_DOCKERD_KEY)
_NO_VERSION = ("none", "false", "off", "no", "")


def unless_retired(reasons: Mapping[str, str]) -> Callable[[object], object]:
    """A check that refuses the words of `reasons` with their reason, and leaves all others to the type."""

    def check(value: object) -> object:
        if isinstance(value, str) and value in reasons:
            raise ValueError(reasons[value])
        return value

    return check


def _dns_label(value: str) -> str:
    if re.fullmatch(LABEL, value):
        return value
    if len(value) > 63:
        raise ValueError(f"of {len(value)} characters, allowed: 63")
    meant = re.sub(r"[^-a-z0-9]+", "-", value.lower()).strip("-")
    hint = f", for example {meant!r}" if meant else ""
    raise ValueError(f"wanted: lower case letters, digits and - between them{hint}")


def _version(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"wanted: a full version in three parts, {_EXAMPLE}")  # noqa: TRY004 (pydantic's rule)
    if isinstance(value, str) and not _VERSION.fullmatch(value):
        bare = value.strip().lstrip("vV")
        hint = f"did you mean {bare}?" if _VERSION.fullmatch(bare) else _EXAMPLE
        raise ValueError(f"wanted: a version in three parts without a v, {hint}")
    return value


def _kubernetes_version(value: str) -> str:
    try:
        return versions.kubernetes(value).version
    except versions.UnknownVersionError as error:
        reason = retired.kubernetes(value, versions.KUBERNETES)
        raise ValueError(f"{reason}; {error}" if reason else str(error)) from None


def _flannel_version(value: str) -> str:
    return versions.flannel(value).version


def _runtime(value: str) -> str:
    if value in _RUNTIMES:
        return value
    raise ValueError(retired.RUNTIMES.get(value.lower()) or one_of(value, _RUNTIMES))


def _versioned(value: str) -> str:
    if value in _VERSIONED:
        return value
    meant = value.lower().replace("-", "")
    reason = None if meant == versions.CRI_DOCKERD_KEY.lower() else retired.RUNTIMES.get(value.lower())
    raise ValueError(reason or one_of(value, _VERSIONED))


def _some_version(value: object) -> object:
    if value is False or value is None or (isinstance(value, str) and value.lower() in _NO_VERSION):
        raise ValueError(
            "wanted: a version; docker reaches a kubelet through cri-dockerd alone, and no runtime can be left out: "
            "remove the key for the default"
        )
    return value


def _sha256(value: str) -> str:
    if _HEX_64.fullmatch(value.lower()):
        return value.lower()
    raise ValueError(f"of {len(value)} characters, wanted: 64 hexadecimal digits, as sha256sum prints them")


def _fingerprint(value: str) -> str:
    digits = value.replace(":", "").lower()
    if _HEX_64.fullmatch(digits):
        return digits
    raise ValueError(
        f"of {len(digits)} digits, wanted: the certificate's SHA-256 fingerprint of 64 digits, colons allowed"
    )


def _name(value: str) -> str:
    if value and value == value.strip() and value.isprintable():
        return value
    raise ValueError("wanted: a name, without blanks around it")


def _login_name(value: str) -> str:
    if _name(value) and ":" not in value:
        return value
    raise ValueError("wanted: a user's name, without a colon")


def _linux_user(value: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", value):
        return value
    raise ValueError("wanted: a Linux user name: lower case letters, digits, _ and -, at most 32")


def _preflight_check(value: str) -> str:
    if value.lower() == "all":
        raise ValueError("which would hide every fault; name the checks to ignore, one by one")
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9._/-]*", value):
        return value
    raise ValueError("wanted: the name of one of kubeadm's preflight checks, such as SystemVerification")


def _argument_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", value):
        return value
    bare = value.lstrip("-").partition("=")[0]
    hint = f", for example {bare}" if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", bare) else ""
    raise ValueError(f"wanted: the argument's name, without dashes before it and without its value{hint}")


def multiple_of_four(value: int) -> int:
    """`value`, if vSphere takes it for MiB of memory. Raises: ValueError."""
    if value % 4:
        raise ValueError(f"wanted: a multiple of 4, as vSphere demands, for example {value // 4 * 4 + 4}")
    return value


NodeName = Annotated[str, AfterValidator(_dns_label), Field(json_schema_extra={"pattern": f"^{LABEL}$"})]
Version = Annotated[str, BeforeValidator(_version), Field(json_schema_extra={"pattern": f"^{_VERSION.pattern}$"})]
KubernetesVersion = Annotated[
    Version, AfterValidator(_kubernetes_version), Field(json_schema_extra={"enum": list(versions.KUBERNETES)})
]
FlannelVersion = Annotated[
    Version, AfterValidator(_flannel_version), Field(json_schema_extra={"enum": list(versions.FLANNEL)})
]
Runtime = Annotated[str, AfterValidator(_runtime), Field(json_schema_extra={"enum": list(_RUNTIMES)})]
RuntimeVersions = Annotated[
    dict[
        Annotated[str, AfterValidator(_versioned)],
        Annotated[Version, BeforeValidator(_some_version)],
    ],
    Field(json_schema_extra={"propertyNames": {"enum": list(_VERSIONED)}}),
]
Sha256 = Annotated[str, AfterValidator(_sha256), Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"})]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
Name = Annotated[str, AfterValidator(_name)]
LoginName = Annotated[str, AfterValidator(_login_name)]
LinuxUser = Annotated[str, AfterValidator(_linux_user)]
PreflightCheck = Annotated[str, AfterValidator(_preflight_check)]
ArgumentName = Annotated[str, AfterValidator(_argument_name)]
