"""Facts about the machine we run on."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Host:
    """`root`: we may install packages and start a container engine; `apt`: packages come from apt."""

    root: bool
    apt: bool


def look() -> Host:
    """The facts of this machine and process."""
    return Host(
        root=os.geteuid() == 0,
        apt=Path("/etc/debian_version").is_file() and shutil.which("apt-get", path=SYSTEM_PATH) is not None,
    )


def search_path(without: Path | None = None) -> str:
    """The PATH with the system's own directories behind it, which a plain user's PATH often lacks.

    `without`: the folder of what was made here, which is on the PATH of who has read the lab's environment.
    """
    others = [part for part in os.environ.get("PATH", "").split(":") if part and Path(part) != without]
    return ":".join([*others, SYSTEM_PATH])
