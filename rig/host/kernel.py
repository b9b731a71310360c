"""Kernel settings of the host that kubelets would otherwise write through; remembered, and restored by `down`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.system.secrets import secret_file

PROC = Path("/proc/sys")


@dataclass(frozen=True, slots=True)
class Setting:
    """A sysctl and the value wanted; `at_least`: a higher value is as good."""

    key: str
    value: int
    at_least: bool = False


# The kubelet writes the first three on start; a node is a container, so it would write the host's. Each node's systemd
# and containerd take inotify instances, all of one user.
SETTINGS = (
    Setting("vm/overcommit_memory", 1),
    Setting("kernel/panic", 10),
    Setting("kernel/panic_on_oops", 1),
    Setting("fs/inotify/max_user_instances", 8192, at_least=True),
    Setting("fs/inotify/max_user_watches", 524288, at_least=True),
)


def changes(current: Mapping[str, int], wanted: tuple[Setting, ...] = SETTINGS) -> dict[str, int]:
    """The settings to write, given the current values; those already right are not among them."""
    wrong = {s.key: s.value for s in wanted if current[s.key] != s.value}
    return {s.key: s.value for s in wanted if s.key in wrong and not (s.at_least and current[s.key] > s.value)}


def apply(record: Path) -> None:
    """Writes what is wrong and keeps the first value of each in `record`; SetupError names what cannot be written."""
    current = {setting.key: _read(setting.key) for setting in SETTINGS}
    todo = changes(current)
    if not todo:
        return
    before = _recorded(record)
    kept = {key: {"before": before.get(key, {}).get("before", current[key]), "ours": todo[key]} for key in todo}
    secret_file(record, json.dumps({**before, **kept}, indent=1) + "\n")
    refused = []
    for key, value in todo.items():
        try:
            (PROC / key).write_text(f"{value}\n")
        except OSError:
            refused.append(f"{key.replace('/', '.')}={value}")
    if refused:
        raise SetupError(
            f"kernel settings: not allowed to write; run `sudo sysctl -w {' '.join(refused)}` and run this again"
        )


def restore(record: Path) -> None:
    """Puts back each value that still is the one we wrote."""
    refused = []
    for key, values in _recorded(record).items():
        if _read(key) != values["ours"]:
            continue
        try:
            (PROC / key).write_text(f"{values['before']}\n")
        except OSError:
            refused.append(f"{key.replace('/', '.')}={values['before']}")
    if refused:
        raise SetupError(
            f"kernel settings: not allowed to restore; run `sudo sysctl -w {' '.join(refused)}`, delete {record}"
        )
    record.unlink(missing_ok=True)


def _recorded(record: Path) -> dict[str, dict[str, int]]:
    if not record.is_file():
        return {}
    found: dict[str, dict[str, int]] = json.loads(record.read_text())
    return found


def _read(key: str) -> int:
    return int((PROC / key).read_text().split()[0])
