"""What is looked at in a running machine: each a question, and what its answer must show. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from images.store import Baked

GIB = 1 << 30
SLACK = GIB // 2
AT_REST = (["inactive", "disabled"], ["inactive", "static"])


@dataclass(frozen=True, slots=True)
class Look:
    """A line of the report: `question` is a shell command run as root, `judge` gives a finding or raises ValueError."""

    title: str
    question: str
    judge: Callable[[str], str]


def looks(system: str, disk_bytes: int, host_key: str, *, nested: bool, baked: Baked | None = None) -> tuple[Look, ...]:
    """What must hold of every image, and of one with a stack inside.

    `host_key`: the public key that was given, without comment.
    """
    return (*_of_every_image(system, disk_bytes, host_key, nested=nested), *([_of_stack(baked)] if baked else []))


def _of_every_image(system: str, disk_bytes: int, host_key: str, *, nested: bool) -> tuple[Look, ...]:
    return (
        Look("system", ". /etc/os-release; echo $ID-$VERSION_ID; uname -r", lambda text: _is_system(text, system)),
        Look("cloud-init", "cloud-init status; cat /run/cloud-init/cloud-id; echo", _is_done),
        Look("root file system", "findmnt -bno SIZE /", lambda text: _has_grown(text, disk_bytes)),
        Look("host keys", "cat /etc/ssh/ssh_host_*_key.pub", lambda text: _is_key(text, host_key)),
        Look("machine ID", "cat /etc/machine-id", _is_machine_id),
        Look("passwords", "getent shadow | cut -d: -f1,2", _has_no_password),
        Look("resolver", "getent ahostsv4 localhost; cat /etc/resolv.conf", _is_own_resolver),
        Look("VMware Tools", "command -v vmtoolsd; command -v vmware-rpctool", _are_there),
        Look("units", "systemctl --failed --plain --no-legend", _none_failed),
        Look("nested virtualization", _KVM_QUESTION, lambda text: _kvm_as_asked(text, nested=nested)),
    )


def _of_stack(baked: Baked) -> Look:
    question = (
        "kubeadm version --output short; sed -n 's/^unit //p' /etc/kubelab/image | "
        'while read -r unit; do echo "$unit $(systemctl is-active "$unit") $(systemctl is-enabled "$unit")"; done'
    )
    return Look("stack inside", question, lambda text: _rests(text, baked))


_KVM_QUESTION = (
    "grep -oEm1 'svm|vmx' /proc/cpuinfo || echo none; modprobe -q kvm_amd; modprobe -q kvm_intel; "
    "test -c /dev/kvm && echo /dev/kvm || true"
)


def _is_system(text: str, system: str) -> str:
    name, _, kernel = text.partition("\n")
    if name != system:
        raise ValueError(f"{name}, wanted: {system}")
    return f"{name}, kernel {kernel}"


def _is_done(text: str) -> str:
    status, _, source = text.partition("\n")
    if status != "status: done" or source.strip() != "nocloud":
        raise ValueError(f"{status}, data source {source.strip() or 'none'}; wanted: done, nocloud")
    return "done, by the disc"


def _has_grown(text: str, disk_bytes: int) -> str:
    if not text.isdigit() or int(text) < disk_bytes - SLACK:
        raise ValueError(f"{text} bytes on a disk of {disk_bytes}; wanted: about as much")
    return f"grown to {int(text) / GIB:.1f} GiB on a disk of {disk_bytes / GIB:.0f} GiB"


def _is_key(text: str, host_key: str) -> str:
    keys = [" ".join(line.split()[:2]) for line in text.splitlines()]
    if keys != [host_key]:
        raise ValueError(f"{len(keys)} keys, wanted: the one that was given")
    return "the given one alone"


def _is_machine_id(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise ValueError(f"{text!r}, wanted: 32 hexadecimal digits, made at the first boot")
    return "made at the first boot"


def _has_no_password(text: str) -> str:
    able = [line for line in text.splitlines() if not re.fullmatch(r"[^:]+:[!*].*", line)]
    if able:
        raise ValueError(f"users with a password: {', '.join(line.partition(':')[0] for line in able)}")
    return "none"


def _is_own_resolver(text: str) -> str:
    if "nameserver" not in text:
        raise ValueError("no nameserver in /etc/resolv.conf")
    return "by DHCP"


def _are_there(text: str) -> str:
    programs = text.split()
    if len(programs) != 2:
        raise ValueError(f"found {', '.join(programs) or 'neither'}, wanted: vmtoolsd and vmware-rpctool")
    return ", ".join(programs)


def _none_failed(text: str) -> str:
    if text:
        raise ValueError(f"failed: {', '.join(line.split()[0] for line in text.splitlines())}")
    return "none failed"


def _kvm_as_asked(text: str, *, nested: bool) -> str:
    lines = text.splitlines()
    flag, has_device = lines[0] if lines else "none", "/dev/kvm" in lines
    if (flag != "none", has_device) != (nested, nested):
        raise ValueError(f"flag {flag}, /dev/kvm {'there' if has_device else 'not there'}; wanted: both {nested}")
    return f"on: {flag}, /dev/kvm" if nested else "off: no flag, no /dev/kvm"


def _rests(text: str, baked: Baked) -> str:
    version, *units = text.splitlines() or [""]
    busy = [unit for unit in units if unit.split()[1:] not in AT_REST]
    if version != f"v{baked.kubernetes}" or not units or busy:
        found = f"kubeadm {version or 'none'}, {', '.join(busy) or f'{len(units)} units'}"
        raise ValueError(f"{found}; wanted: v{baked.kubernetes}, and its services at rest until a step starts them")
    return f"kubeadm {version}; at rest: {', '.join(unit.split()[0] for unit in units)}"
