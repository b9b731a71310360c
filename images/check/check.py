"""The check of an image: booted on ESXi's hardware, looked at, rebooted with new boot files, powered off."""

import asyncio
import json
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from images.check.guest import Guest
from images.check.looks import looks
from images.check.machine import VARIABLES, Machine
from images.check.process import Running, free_port, started
from images.check.seed import new_keys, seed_files
from images.nocloud import nocloud_disc
from images.store import Baked
from toolchain.errors import SetupError
from toolchain.system.run import answer

MAC = "52:54:00:6b:75:62"
# With KVM; emulated, on a machine that does other work besides, all takes many times as long.
FIRST_BOOT_SECONDS, CLOUD_INIT_SECONDS, REBOOT_SECONDS, POWER_OFF_SECONDS = 180.0, 120.0, 180.0, 60.0
UPDATE_SECONDS, LOOK_SECONDS = 120.0, 15.0
EMULATED = 8
SOON = "systemd-run --quiet --on-active=1"  # after the answer, which ends with the connection
MORE_GIB = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What to check: the OVA, the guest system that it should hold, with which stack inside, and how it is booted."""

    ova: Path
    system: str
    kvm: bool
    nested: bool = True
    firmware: str = "bios"
    reboot: bool = True
    baked: Baked | None = None


class Report:
    """Lines of findings with the seconds since the start, written as they come."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._start = time.monotonic()
        self.faults = 0

    def good(self, title: str, finding: str) -> None:
        self._line("ok  ", title, finding)

    def bad(self, title: str, finding: str) -> None:
        self.faults += 1
        self._line("BAD ", title, finding)

    def _line(self, mark: str, title: str, finding: str) -> None:
        self._write(f"{mark} {time.monotonic() - self._start:6.1f} s  {title}: {finding}\n")


def check(wish: Wish, scratch: Path, report: Report) -> None:
    """Boots and looks; faults are in the report. SetupError, with the console's last lines, when it gets no further."""
    keys = new_keys()
    overlay, disk_bytes = _overlay(wish.ova, scratch)
    seed = scratch / "seed.iso"
    seed.write_bytes(nocloud_disc(seed_files(keys, MAC, f"check-{scratch.name}")))
    seed.chmod(0o600)
    machine = Machine(
        f"check-{wish.system}",
        overlay,
        seed,
        scratch / "console.log",
        free_port(),
        MAC,
        kvm=wish.kvm,
        nested=wish.nested,
        firmware=wish.firmware,
        seed_is_cdrom=wish.system != "debian-12",
    )
    if wish.firmware != "bios":
        machine = replace(machine, variables=scratch / "variables.fd")
        shutil.copyfile(VARIABLES[wish.firmware], scratch / "variables.fd")
    with started(machine, scratch / "qemu.log") as running:
        try:
            asyncio.run(_look(wish, Guest(machine.ssh_port, keys), running, report, disk_bytes, keys.host))
        except SetupError as error:
            raise SetupError(str(error), error.evidence or running.evidence()) from error


def _overlay(ova: Path, scratch: Path) -> tuple[Path, int]:
    """A disk over the OVA's, larger by some GiB, and its size in bytes."""
    doing = f"reading {ova}"
    try:
        with tarfile.open(ova) as tar:
            name = next((each for each in tar.getnames() if each.endswith(".vmdk")), None)
            if name is None:
                raise SetupError(f"{doing}: no VMDK in it")
            tar.extract(name, scratch, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise SetupError(f"{doing}: {error}") from error
    base, overlay = scratch / name, scratch / "disk.qcow2"
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    # Reading compressed grains again and again is slow.
    answer(["qemu-img", "convert", "-O", "qcow2", str(base), str(overlay)], doing, environ, timeout=300)
    base.unlink()
    answer(["qemu-img", "resize", "-q", str(overlay), f"+{MORE_GIB}G"], doing, environ)
    said = json.loads(answer(["qemu-img", "info", "--output=json", str(overlay)], doing, environ))
    return overlay, int(said["virtual-size"])


async def _look(wish: Wish, guest: Guest, running: Running, report: Report, disk_bytes: int, host_key: object) -> None:
    slow = 1 if wish.kvm else EMULATED
    boot = await guest.arrive(slow * FIRST_BOOT_SECONDS, running.alive)
    report.good("first boot", f"by {wish.firmware}, {'KVM' if wish.kvm else 'TCG'}; ssh by the given host key")
    await guest.ask("cloud-init status --wait", slow * CLOUD_INIT_SECONDS)
    public = " ".join(host_key.export_public_key().decode().split()[:2])  # type: ignore[attr-defined]
    for look in looks(wish.system, disk_bytes, public, nested=wish.nested, baked=wish.baked):
        said = await guest.ask(look.question, slow * LOOK_SECONDS)
        try:
            report.good(look.title, look.judge(said.text))
        except ValueError as error:
            report.bad(look.title, str(error))
    if wish.firmware == "secureboot":
        said = await guest.ask("dmesg | grep -i 'secure boot enabled'")
        (report.bad if said.status else report.good)("secure boot", said.text or "not enabled")
    if wish.reboot:
        await _reboot(guest, running, report, boot, slow)
    await guest.ask(f"{SOON} systemctl poweroff", slow * LOOK_SECONDS)
    running.wait_for_end(slow * POWER_OFF_SECONDS)
    report.good("power off", "clean")


async def _reboot(guest: Guest, running: Running, report: Report, boot: str, slow: int) -> None:
    """As after an upgrade of the kernel: new boot files by the system's own programs, and a boot from them."""
    said = await guest.ask("update-initramfs -u && update-grub", slow * UPDATE_SECONDS)
    if said.status:
        report.bad("boot files", f"ended with {said.status}: {' '.join(said.text.split())[-200:]}")
        return
    report.good("boot files", "initramfs and menu made anew")
    await guest.ask(f"{SOON} systemctl reboot", slow * LOOK_SECONDS)
    await guest.arrive(slow * REBOOT_SECONDS, running.alive, unlike=boot)
    report.good("reboot", "ssh by the given host key")
