"""The maintainer scripts of packages with a service: shared files, with the package's own settings stated in them."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from rig.mirror.apt.packages import TEXTS, Service

FILES: Mapping[str, Path] = {name: TEXTS / "service" / f"{name}.sh" for name in ("postinst", "prerm", "postrm")}


def scripts(service: Service) -> dict[str, str]:
    """The scripts' texts by their dpkg names."""
    settings = {
        "UNITS": " ".join(service.units),
        "STARTS": "yes" if service.starts else "no",
        "GROUP": service.group,
    }
    return {name: with_settings(file.read_text(), settings) for name, file in FILES.items()}


def with_settings(script: str, settings: Mapping[str, str]) -> str:
    """The script with an assignment per setting that it asks for, below its leading comment."""
    lines = script.splitlines(keepends=True)
    code = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    own = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items() if f"${{{name}" in script]
    return "".join((*lines[:code], *own, *lines[code:]))
