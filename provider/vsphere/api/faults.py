"""Turns pyvmomi's faults into the driver's own exceptions, at once: faults cannot be pickled and hide their text."""

import re
from typing import Any

from provider.vsphere.api.sdk import vim, vmodl
from provider.vsphere.errors import (
    AlreadyExistsError,
    BusyError,
    GoneError,
    PowerStateError,
    RefusedError,
    VsphereError,
)

_EXPIRED = re.compile(r"expired", re.IGNORECASE)
_LOCKED = re.compile(r"lock(ed|out)", re.IGNORECASE)


def translate(doing: str, fault: BaseException) -> VsphereError:
    """The exception to raise for a fault met while `doing` (for example "creating VM w1")."""
    if isinstance(fault, vim.fault.InvalidPowerState):
        return PowerStateError(doing, str(fault.existingState))
    for kinds, error, explain in _TABLE:
        if isinstance(fault, kinds):
            return error(f"{doing}: {explain(fault)}")
    if isinstance(fault, KeyError):
        return VsphereError(f"{doing}: the host answered with a fault that cannot be decoded ({fault})")
    return VsphereError(f"{doing}: {_text(fault)}")


def _text(fault: Any) -> str:
    kind = type(fault).__name__.rsplit(".", 1)[-1]
    details = [str(getattr(fault, "msg", "") or "")]
    details += [str(message.message or message.key) for message in getattr(fault, "faultMessage", None) or []]
    details += [
        f"{name} {value}"
        for name in ("property", "invalidProperty", "name", "file")
        if (value := getattr(fault, name, None))
    ]
    cause = getattr(fault, "faultCause", None)
    if cause is not None:
        details.append(f"caused by {_text(cause)}")
    found = "; ".join(" ".join(detail.split()) for detail in details if detail)
    return f"{kind}: {found}" if found else kind


def _no_space(fault: Any) -> str:
    where = getattr(fault, "datastore", None) or getattr(fault, "file", None) or "the datastore"
    return f"no space left on datastore {where}; free some space or choose another datastore"


def _no_permission(fault: Any) -> str:
    missing = fault.privilegeId or ", ".join(
        privilege for entity in fault.missingPrivileges or [] for privilege in entity.privilegeIds
    )
    return f"the user lacks the privilege {missing or 'for this'}; grant it, or use another user"


def _restricted(_: Any) -> str:
    return (
        "the host's licence does not allow changes through the API (RestrictedVersion); assign one that does, "
        "the free licence is read-only"
    )


def _insufficient(fault: Any) -> str:
    return f"the host has not enough resources ({_text(fault)}); make the machine smaller or free some"


def _managed(fault: Any) -> str:
    by = getattr(fault, "managementServer", None) or "a vCenter"
    return (
        f"the host leaves this to {by}, which manages it (HostAccessRestrictedToManagementServer); take the host out "
        "of its inventory, or name another host as server"
    )


def _login(fault: Any) -> str:
    """As far as hosts tell them apart: ESXi has one fault for all, and sometimes words for what it means."""
    kind, words = type(fault).__name__.rsplit(".", 1)[-1], _text(fault)
    once = "it is not tried again, so that the account is not locked"
    if kind == "PasswordExpired" or _EXPIRED.search(words):
        return f"the password has expired ({words}); log in to the host's console or its web page and set a new one"
    if _LOCKED.search(words):
        return f"the account is locked ({words}); wait for its unlocking (ESXi: Security.AccountUnlockTime); {once}"
    if kind == "InvalidLogin":
        return (
            f"wrong user or password; {once}. Of an account that is locked (ESXi: 15 minutes after 5 wrong passwords) "
            "or whose password has expired, a host says the same: if both are right, log in to its web page"
        )
    return f"the login is refused ({words}); see the user's account on the host; {once}"


def translate_login(doing: str, fault: BaseException) -> VsphereError:
    """The exception for a fault of Login: none that says something of the user is met a second time."""
    if isinstance(fault, vim.fault.NoPermission):
        return RefusedError(
            f"{doing}: the user may not log in: it has no role on the host, or the host is in lockdown mode; give it "
            "the privileges that docs/vsphere.md lists, or make it an exception of lockdown mode"
        )
    return translate(doing, fault)


_TABLE: tuple[tuple[Any, type[VsphereError], Any], ...] = (
    (vmodl.fault.ManagedObjectNotFound, GoneError, lambda _: "it does not exist any more"),
    ((vim.fault.DuplicateName, vim.fault.AlreadyExists, vim.fault.FileAlreadyExists), AlreadyExistsError, _text),
    (vim.fault.NoDiskSpace, VsphereError, _no_space),
    (vim.fault.RestrictedVersion, VsphereError, _restricted),
    (vim.fault.NoPermission, VsphereError, _no_permission),
    (vim.fault.HostAccessRestrictedToManagementServer, RefusedError, _managed),
    (vim.fault.InvalidLogin, RefusedError, _login),
    (vim.fault.FileNotFound, GoneError, _text),
    (
        (vim.fault.TaskInProgress, vim.fault.ConcurrentAccess, vim.fault.ResourceInUse, vim.fault.FileLocked),
        BusyError,
        _text,
    ),
    (vim.fault.InsufficientResourcesFault, VsphereError, _insufficient),
)
