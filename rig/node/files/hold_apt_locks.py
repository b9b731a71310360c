#!/usr/bin/python3 -IS
"""Holds the locks of apt and dpkg for a while, as apt-daily and unattended-upgrades do at a machine's first boot."""

import fcntl
import time

LOCKS = ("/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock")
HELD_SECONDS = 20


def main() -> None:
    """Waits for each lock, as apt would, and gives all of them back when it ends."""
    held = []
    for path in LOCKS:
        handle = open(path, "w")  # noqa: PTH123, SIM115
        fcntl.lockf(handle, fcntl.LOCK_EX)
        held.append(handle)
    time.sleep(HELD_SECONDS)


if __name__ == "__main__":
    main()
