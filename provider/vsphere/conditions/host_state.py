"""What a host is kept from: maintenance, a vCenter that manages it, its licence, its age, its clock. No calls."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from provider.vsphere.api.sdk import Facts
from provider.vsphere.conditions.findings import Finding

PATHS = (
    "name",
    "runtime.inMaintenanceMode",
    "runtime.connectionState",
    "runtime.powerState",
    "summary.managementServerIp",
)
OLDEST_API = (6, 7)
_CLOCK_SECONDS = 120
_FREE = re.compile(r"vSphere (?:Hypervisor \d+|\d+ Hypervisor)\b", re.IGNORECASE)
_FREE_EDITIONS = ("esxbasic", "esx.basic", "esxhypervisor")


def of_host(facts: Facts, called: str = "the host") -> list[Finding]:
    """What these properties (PATHS) of a host say, `called` so."""
    found = []
    if facts.get("runtime.inMaintenanceMode") is True:
        found.append(
            Finding(f"{called} is in maintenance mode, in which it starts no machine; take it out of maintenance mode")
        )
    connection = str(facts.get("runtime.connectionState", "connected"))
    if connection != "connected":
        found.append(Finding(f"{called} is {connection}; see on its console what is wrong with it"))
    return found


def of_manager(facts: Facts) -> list[Finding]:
    """What these properties (PATHS) of a host that was logged in to itself say of a vCenter that manages it."""
    found = []
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


def of_hosts_of_a_vcenter(hosts: Sequence[Facts], where: str) -> list[Finding]:
    """What these properties (PATHS) of the hosts that machines may come to say: one that is fit is enough.

    That a vCenter manages its hosts is no finding.
    """
    if not hosts:
        return [Finding(f"{where} has no host on which a machine could run; add one to it in the vCenter")]
    found = [of_host(facts, f"host {facts.get('name', '')}") for facts in hosts]
    return [] if not all(found) else [finding for each in found for finding in each]


def evidence(facts: Facts) -> str:
    """What belongs into a time-out, "" if nothing does."""
    return "; ".join(finding.text for finding in [*of_host(facts), *of_manager(facts)])


def of_licenses(licenses: Sequence[Any], now: datetime, called: str = "the host") -> list[Finding]:
    """Of a host's licences: a free one makes its API read-only, an expired one keeps machines from being started."""
    found = []
    for licence in licenses:
        name, edition = str(licence.name or ""), str(licence.editionKey or "")
        if edition.lower().endswith(_FREE_EDITIONS) or _FREE.search(name):
            found.append(
                Finding(
                    f"{called}'s licence ({name or edition}) is the free one, with which its API is read-only "
                    "(RestrictedVersion); assign another licence"
                )
            )
        end = _expiration(licence)
        if end is not None and end < now:
            found.append(
                Finding(
                    f"{called}'s licence ({name or edition}) has expired on {end:%Y-%m-%d}, so it starts no machine; "
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


def of_clock(host: datetime, here: datetime, called: str = "the host") -> list[Finding]:
    """Of the host's clock, which its machines begin with; of a vCenter's, which its hosts should have too."""
    seconds = (host - here).total_seconds()
    if abs(seconds) <= _CLOCK_SECONDS:
        return []
    return [
        Finding(
            f"{called}'s clock says {_shown(host)}, the one of this machine {_shown(here)}: {abs(seconds):.0f} s "
            "apart, and machines begin with the host's, by which certificates made here may not be valid; set the "
            "wrong one, best by NTP",
            blocks=False,
        )
    ]


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
