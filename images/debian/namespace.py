"""The beginning of command lines that need root's view of files, or mounts of their own."""

import os
import subprocess
from collections.abc import Mapping


def own_mounts(environ: Mapping[str, str]) -> list[str]:
    """The beginning of a command line whose mounts are seen by nobody else; empty where that is not allowed.

    A mount that is copied into another mount namespace, as by each container that starts meanwhile, is busy for as long
    as it is used there. Those of a namespace of our own are not copied, and end with the process, however that ends.
    """
    argv = ["unshare", "--mount", "--propagation", "private", "--"]
    return argv if _runs(argv, environ) else []


def as_root() -> list[str]:
    """The beginning of a command line that may give files to any user; empty for root.

    Others get a user namespace with the users that /etc/subuid gives them, in which they are root.
    """
    return [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--map-auto", "--"]


def _runs(argv: list[str], environ: Mapping[str, str]) -> bool:
    try:
        return subprocess.run([*argv, "true"], capture_output=True, env=dict(environ), timeout=10).returncode == 0
    except FileNotFoundError:
        return False
