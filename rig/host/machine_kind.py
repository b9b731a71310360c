"""What the lab's machines are: real ones, by QEMU, or containers; and whether a single one may differ."""

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from images import kvm
from rig.services.identity import BOOT_ID
from toolchain.errors import SetupError
from toolchain.progress import Progress
from toolchain.system import host, packages
from toolchain.system.secrets import secret_file

PACKAGES = Path(__file__).parents[1] / "machine-packages.txt"
TUN = Path("/dev/net/tun")


class Wish(StrEnum):
    """MACHINES of `make rig`."""

    AUTO = "auto"
    VM = "vm"
    CONTAINER = "container"


class Accelerator(StrEnum):
    """What runs a real machine's instructions: the processor, or QEMU's translator."""

    KVM = "kvm"
    TCG = "tcg"


@dataclass(frozen=True, slots=True)
class Machines:
    """`real`: what machines are unless they say otherwise; `possible`: a single one may be a real machine;
    `accelerator`: of real machines that name none; `why`: a sentence for the user."""

    real: bool
    possible: bool
    accelerator: Accelerator
    why: str


@dataclass(frozen=True, slots=True)
class Means:
    """How to find out: `hindrance`, why no machine can be real here ("" if one can); `have_packages` installs what is
    missing or raises SetupError; `probe` tells whether KVM runs guests."""

    hindrance: str
    device: bool
    have_packages: Callable[[], None]
    packages_there: Callable[[], bool]
    probe: Callable[[], kvm.Kvm]


def choose(wish: Wish, also_real: bool, means: Means) -> Machines:
    """Of what kind the lab's machines are; `also_real`: single ones shall be able to be real in any case.

    Raises SetupError where real machines are asked for and cannot be had. `auto` installs QEMU only where there is a
    KVM device, and takes containers, saying why, where guests do not run by it.
    """
    if wish is Wish.VM or also_real:
        if means.hindrance:
            raise SetupError(f"real machines: {means.hindrance}; run `make rig MACHINES=container`")
        means.have_packages()
    if wish is Wish.VM:
        found = means.probe()
        if found.works:
            return Machines(True, True, Accelerator.KVM, "machines are virtual ones, by KVM")
        return Machines(True, True, Accelerator.TCG, f"machines are virtual ones, translated and slow: {found.why}")
    if wish is Wish.CONTAINER:
        return _containers("as wished", means)
    return _by_itself(means)


def _by_itself(means: Means) -> Machines:
    if means.hindrance:
        return _containers(means.hindrance, means)
    if not means.device:
        return _containers(f"{kvm.DEVICE} is not there", means)
    try:
        means.have_packages()
    except SetupError as error:
        return _containers(str(error), means)
    found = means.probe()
    if found.works:
        return Machines(True, True, Accelerator.KVM, "machines are virtual ones, by KVM")
    return _containers(found.why, means)


def _containers(why: str, means: Means) -> Machines:
    possible = not means.hindrance and means.packages_there()
    return Machines(False, possible, Accelerator.TCG, f"machines are containers: {why}")


def means_here(facts: host.Host, state: Path, log: Path, progress: Progress) -> Means:
    """This machine's means; what the probe found is kept in `state` until the next boot."""
    wanted = packages.parse(PACKAGES.read_text())
    return Means(
        hindrance=_hindrance(facts),
        device=kvm.DEVICE.exists(),
        have_packages=lambda: packages.ensure(PACKAGES, facts, log, progress),
        packages_there=lambda: not packages.missing(wanted, host.search_path()),
        probe=lambda: remembered(state / "kvm.json", BOOT_ID.read_text().strip(), probe_here),
    )


def remembered(file: Path, boot: str, probe: Callable[[], kvm.Kvm]) -> kvm.Kvm:
    """What the probe found in this boot: where KVM runs nothing, it takes seconds to see that."""
    try:
        known = json.loads(file.read_text())
        if known["boot"] == boot:
            return kvm.Kvm(bool(known["works"]), str(known["why"]))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    found = probe()
    secret_file(file, json.dumps({"boot": boot, "works": found.works, "why": found.why}) + "\n")
    return found


def probe_here() -> kvm.Kvm:
    """Runs a guest by KVM."""
    return kvm.probe({"PATH": host.search_path()})


def _hindrance(facts: host.Host) -> str:
    if platform.machine() != "x86_64":
        return f"this machine is {platform.machine()}, wanted x86_64"
    if not facts.root:
        return "only root may connect a machine to the lab's network"
    return "" if TUN.exists() else f"{TUN} is not there"
