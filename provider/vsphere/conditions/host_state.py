"""What a host is kept from: maintenance, a vCenter that manages it, its licence, its age, its clock. No calls."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from provider.vsphere.api.sdk import Facts
from provider.vsphere.conditions.findings import Finding

PATHS = (
    "runtime.inMaintenanceMode",
    "runtime.connectionState",
    "runtime.powerState",
    "summary.managementServerIp",
)
OLDEST_API = (6, 7)
_CLOCK_SECONDS = 120
_FREE = re.compile(r"vSphere (?:Hypervisor \d+|\d+ Hypervisor)\b", re.IGNORECASE)
_FREE_EDITIONS = ("esxbasic", "esx.basic", "esxhypervisor")


def of_host(facts: Facts) -> list[Finding]:
    """What these properties (PATHS) of a host say."""
    found = []
    if facts.get("runtime.inMaintenanceMode") is True:
        found.append(
            Finding("the host is in maintenance mode, in which it starts no machine; take it out of maintenance mode")
        )
    connection = str(facts.get("runtime.connectionState", "connected"))
    if connection != "connected":
        found.append(Finding(f"the host is {connection}; see on its console what is wrong with it"))
    manager = facts.get("summary.managementServerIp")
    if manager:
        found.append(
            Finding(
                f"the host is managed by the vCenter at {manager}, which may move, change or refuse what is made here; "
                "better take the host out of its inventory",
                blocks=False,
            )
        )
    return found


def evidence(facts: Facts) -> str:
    """What belongs into a time-out, "" if nothing does."""
    return "; ".join(finding.text for finding in of_host(facts))


def of_licenses(licenses: Sequence[Any], now: datetime) -> list[Finding]:
    """Of a host's licences: a free one makes its API read-only, an expired one keeps machines from being started."""
    found = []
    for licence in licenses:
        name, edition = str(licence.name or ""), str(licence.editionKey or "")
        if edition.lower().endswith(_FREE_EDITIONS) or _FREE.search(name):
            found.append(
                Finding(
                    f"the host's licence ({name or edition}) is the free one, with which its API is read-only "
                    "(RestrictedVersion); assign another licence"
                )
            )
        end = _expiration(licence)
        if end is not None and end < now:
            found.append(
                Finding(
                    f"the host's licence ({name or edition}) has expired on {end:%Y-%m-%d}, so it starts no machine; "
                    "assign another one"
                )
            )
    return found


def _expiration(licence: Any) -> datetime | None:
    values = [each.value for each in licence.properties or [] if each.key == "expirationDate"]
    moments = [value for value in values if isinstance(value, datetime)]
    return moments[0] if moments else None


def of_api(about: Any) -> list[Finding]:
    """Of the API's version."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", str(about.apiVersion or ""))[:2])
    if not numbers or numbers >= OLDEST_API:
        return []
    oldest = ".".join(map(str, OLDEST_API))
    return [Finding(f"this is {about.fullName} with API {about.apiVersion}, wanted {oldest} or newer; update the host")]


def of_clock(host: datetime, here: datetime) -> list[Finding]:
    """Of the host's clock, which its machines begin with."""
    seconds = (host - here).total_seconds()
    if abs(seconds) <= _CLOCK_SECONDS:
        return []
    return [
        Finding(
            f"the host's clock says {_shown(host)}, the one of this machine {_shown(here)}: {abs(seconds):.0f} s "
            "apart, and machines begin with the host's, by which certificates made here may not be valid; set the "
            "wrong one, best by NTP",
            blocks=False,
        )
    ]


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
