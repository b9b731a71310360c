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


def search_path() -> str:
    """The PATH with the system's own directories behind it, which a plain user's PATH often lacks."""
    return f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
