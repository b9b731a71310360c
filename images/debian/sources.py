"""Where this machine itself gets Debian from, so that images come from the same archive and by the same proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

INDEX_TARGET_FIELDS = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(CODENAME)"
KINDS = {
    "": "https://deb.debian.org/debian",
    "-updates": "https://deb.debian.org/debian",
    "-security": "https://deb.debian.org/debian-security",
}
_TRANSPORT_SETTING = re.compile(
    r'^(?P<name>Acquire::(?:https?::(?:Proxy|CAInfo)\b.*|Check-Date|Check-Valid-Until|Retries)) "(?P<value>.*)";$'
)


def apt_sources(index_targets: str, suite: str, keyring: str | None) -> list[str]:
    """sources.list lines for Debian's `main` of `suite`, its updates and its security updates.

    `index_targets` is what `apt-get indextargets --format INDEX_TARGET_FIELDS` prints. `keyring`: file with the
    archive's keys, None for apt's own trusted keys. The result is empty when the machine has no such source.
    """
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    option = f"[signed-by={keyring}] " if keyring else ""
    lines = []
    for target in index_targets.splitlines():
        uri, release, component, origin, codename = target.split("|")
        if origin == "Debian" and component == "main" and codename in wanted:
            lines.append(f"deb {option}{uri} {release} {component}")
    return list(dict.fromkeys(lines))


def release_sources(index_targets: str, suite: str, keyring: str) -> list[str]:
    """sources.list lines for `main` of any release of Debian, its updates and its security updates: always three.

    This machine's own sources where it has that release; else where it gets another release of Debian from, since an
    archive has them all; else, as on a machine that is no Debian, Debian's own servers. `keyring`: file with the
    archive's keys, by which what comes from there is verified.
    """
    places = dict(KINDS)
    for line in reversed(apt_sources(index_targets, suite, None) or _sources_of_any_release(index_targets)):
        _, uri, release, _ = line.split()
        kind = release[release.find("-") :] if "-" in release else ""
        if kind in places:
            places[kind] = uri
    return [f"deb [signed-by={keyring}] {uri} {suite}{kind} main" for kind, uri in places.items()]


def _sources_of_any_release(index_targets: str) -> list[str]:
    lines = []
    for target in index_targets.splitlines():
        uri, _, component, origin, codename = target.split("|")
        if origin == "Debian" and component == "main":
            lines.append(f"deb {uri} {codename} {component}")
    return lines


def transport_settings(apt_config_dump: Iterable[str]) -> list[str]:
    """The settings about proxies, certificates and clocks in the lines of `apt-config dump`, in apt.conf's syntax."""
    matches = (_TRANSPORT_SETTING.match(line) for line in apt_config_dump)
    return [f'{match["name"]} "{match["value"]}";' for match in matches if match and match["value"]]
