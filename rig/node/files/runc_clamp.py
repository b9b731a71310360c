#!/usr/bin/python3 -IS
"""Stands before the package's runc on a host without CAP_SYS_RESOURCE: a container's oom_score_adj is never below the
caller's own, and its capabilities are those that the node has. Everything else passes through unchanged.

Of Python's library alone, which a cloud image has and its jq it has not.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKAGES = ("/usr/bin/runc", "/usr/sbin/runc", "/usr/libexec/crio/runc")
OPTIONS_WITH_A_VALUE = ("--root", "--log", "--log-format", "--criu", "--rootless")
# Of the kernel's capability.h, in the order of their bits.
_CAPABILITIES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""


def file_to_clamp(arguments: Sequence[str]) -> str | None:
    """The file, of runc's arguments, that says how a process is run: config.json of a bundle, or that of an exec."""
    bundle, process, command, previous = ".", "", "", ""
    for argument in arguments:
        if previous in ("--bundle", "-b"):
            bundle = argument
        elif previous in ("--process", "-p"):
            process = argument
        elif previous not in OPTIONS_WITH_A_VALUE and not command and not argument.startswith("-"):
            command = argument
        name, equals, value = argument.partition("=")
        if equals and name in ("--bundle", "-b"):
            bundle = value
        if equals and name in ("--process", "-p"):
            process = value
        previous = argument
    if command in ("create", "run", "restore"):
        return f"{bundle}/config.json"
    return process or None if command == "exec" else None


def clamped(document: Mapping[str, object], own: int, have: frozenset[str]) -> dict[str, object]:
    """An OCI bundle's configuration, or a process alone; `own`: the caller's score, `have`: what the node may do."""
    inner = document.get("process")
    process = dict(inner if isinstance(inner, dict) else document)
    score = process.get("oomScoreAdj")
    process["oomScoreAdj"] = max(score if isinstance(score, int) else 0, own)
    sets = process.get("capabilities")
    if isinstance(sets, dict):
        process["capabilities"] = {
            name: [each for each in wanted if each in have] if wanted else wanted for name, wanted in sets.items()
        }
    return {**document, "process": process} if isinstance(inner, dict) else process


def named(bits: int) -> frozenset[str]:
    """The names of a set of capabilities, as in /proc/PID/status."""
    return frozenset(f"CAP_{name}" for place, name in enumerate(_CAPABILITIES.split()) if bits >> place & 1)


def main() -> None:
    """Becomes the package's runc; exit code 127: there is none."""
    runc = next((path for path in PACKAGES if os.access(path, os.X_OK)), None)
    if runc is None:
        sys.exit(f"runc_clamp: found no runc in {', '.join(PACKAGES)}; install the package that brings it")
    file = file_to_clamp(sys.argv[1:])
    if file is not None:
        status = Path("/proc/self/status").read_text()
        bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
        own = int(Path("/proc/self/oom_score_adj").read_text())
        # Written in place: mode and owner stay.
        text = json.dumps(clamped(json.loads(Path(file).read_text()), own, named(int(bounding, 16))))
        Path(file).write_text(text)
    os.execv(runc, [runc, *sys.argv[1:]])


if __name__ == "__main__":
    main()
