"""Where this machine itself gets Debian from, so that the node image comes from the same archive and proxy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

INDEX_TARGET_FIELDS = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(CODENAME)"
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


def transport_settings(apt_config_dump: Iterable[str]) -> list[str]:
    """The settings about proxies, certificates and clocks in the lines of `apt-config dump`, in apt.conf's syntax."""
    matches = (_TRANSPORT_SETTING.match(line) for line in apt_config_dump)
    return [f'{match["name"]} "{match["value"]}";' for match in matches if match and match["value"]]
