"""Whether KVM runs guests on this machine. Nothing but running one shows it.

`/dev/kvm` may be there and make virtual machines whose firmware even starts, and yet none of them ever gets further:
so it is on machines whose own virtualization is emulated. The probe is a boot sector that goes through firmware, real
mode and page tables to 64-bit mode, stores a word 268 million times there, and tells QEMU by its exit device. A
processor does that in a fraction of a second; what is emulated does not come to its end.

    kvm_works()             -> bool
    probe(environ=...)      -> Kvm(works, why), `why` being a sentence for users, without a full stop
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QEMU = "qemu-system-x86_64"
DEVICE = Path("/dev/kvm")
LIMIT_SECONDS = 12.0
SECTOR, DISK_BYTES = 512, 1 << 20
EXIT_PORT, EXIT_VALUE = 0xF4, 0x11
PROVEN = EXIT_VALUE << 1 | 1  # what the exit device makes of the value

# Addresses: page tables at 0x1000, 0x2000 and 0x3000 (one page of 2 MiB at 0), descriptors of segments in the sector.
BOOT_SECTOR = bytes.fromhex(
    "fa 31c0 8ed8 8ec0 8ed0 bc0070"  # cli; ax = ds = es = ss = 0; sp = 0x7000
    "fc bf0010 b90018 f3ab"  # three empty page tables
    "c70600100320 c70600200330 c70600308300"  # level 4 -> level 3 -> level 2 -> the page
    "0f0116987c"  # lgdt
    "0f20e0 0c20 0f22e0"  # cr4: physical address extension
    "66b800100000 0f22d8"  # cr3: the tables
    "66b9800000c0 0f32 0d0001 0f30"  # EFER: long mode
    "0f20c0 660d01000080 0f22c0"  # cr0: protection and paging
    "ea5b7c0800"  # far jump: 64-bit code from here
    "48b8f0debc9a78563412 4889c3 48c1eb3c"  # rbx = the highest digit of a 64-bit register, 1
    "b900000010 4889042500400000 ffc9 75f4"  # 2**28 times: store
    "8d4310 e7f4"  # the value for the exit device: 0x11
    "f4 ebfd"  # halt
    "0f1f00"
    "0000000000000000 00000000009a2000"  # descriptors: none, 64-bit code
    "0f00 887c0000"  # where they are
).ljust(SECTOR - 2, b"\0") + bytes.fromhex("55aa")


@dataclass(frozen=True, slots=True)
class Kvm:
    """What was found: whether guests run by KVM here, and the reason as a sentence for users."""

    works: bool
    why: str


def kvm_works(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a guest really runs by KVM here; takes up to `LIMIT_SECONDS`, and raises nothing."""
    return probe(environ).works


def probe(environ: Mapping[str, str] = os.environ, qemu: str = QEMU, limit: float = LIMIT_SECONDS) -> Kvm:
    """Runs the boot sector with the processor that guests get under KVM (`-cpu host`); raises nothing."""
    if shutil.which(qemu, path=environ.get("PATH")) is None:
        return Kvm(False, f"there is no program {qemu}")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return Kvm(False, f"{DEVICE} is not there" if not DEVICE.exists() else f"{DEVICE} is not for this user")
    with tempfile.TemporaryDirectory(prefix="kubelab-kvm-") as folder:
        disk = Path(folder) / "probe.img"
        disk.write_bytes(BOOT_SECTOR.ljust(DISK_BYTES, b"\0"))
        try:
            done = subprocess.run(
                probe_arguments(disk, qemu),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=dict(environ),
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return Kvm(False, f"{DEVICE} is there, but a guest came to no end within {limit:.0f} s")
        except OSError as error:
            return Kvm(False, f"{qemu} did not start: {error.strerror}")
    if done.returncode == PROVEN:
        return Kvm(True, "a guest ran to its end")
    said = next((line for line in done.stderr.splitlines() if line.strip()), f"{qemu} ended with {done.returncode}")
    return Kvm(False, f"{DEVICE} is there, but a guest does not run: {said.strip()}")


def probe_arguments(disk: Path, qemu: str = QEMU, accelerator: str = "kvm", cpu: str = "host") -> list[str]:
    """QEMU's command line for the probe; the test of the boot sector itself takes another accelerator."""
    return [
        qemu,
        *("-accel", accelerator, "-cpu", cpu, "-machine", "q35", "-m", "64"),
        *("-nodefaults", "-display", "none", "-no-reboot"),
        *("-drive", f"file={disk},format=raw,if=none,id=probe,readonly=on"),
        *("-device", "virtio-blk-pci,drive=probe,bootindex=0"),
        *("-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4"),
    ]
