"""How QEMU is called for a machine with ESXi's virtual hardware: by KVM or TCG, by BIOS or UEFI. Pure.

Under TCG the processor is `qemu64`: with `max` a guest without `svm` breaks (QEMU 7.2). OVMF has no driver for pvscsi,
so by UEFI the disk hangs on virtio-scsi. A kernel without AHCI (Debian 12's cloud kernel) gets the disc as a disk.
"""

from dataclasses import dataclass
from pathlib import Path

QEMU = "qemu-system-x86_64"
FIRMWARES = ("bios", "uefi", "secureboot")
_OVMF = Path("/usr/share/OVMF")
CODE = {"uefi": _OVMF / "OVMF_CODE_4M.fd", "secureboot": _OVMF / "OVMF_CODE_4M.secboot.fd"}
VARIABLES = {"uefi": _OVMF / "OVMF_VARS_4M.fd", "secureboot": _OVMF / "OVMF_VARS_4M.ms.fd"}


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine: its files, its size (`memory_mib`: MiB), and what it is asked to be.

    `disk`: a qcow2 image; `seed`: the NoCloud disc; `variables`: a writable copy of the firmware's variables (UEFI);
    `serial`: the log of its console; `ssh_port`: the port on the loopback that leads to its ssh; `nested`: whether its
    processor can run guests itself; `seed_is_cdrom`: otherwise it is a disk.
    """

    name: str
    disk: Path
    seed: Path
    serial: Path
    ssh_port: int
    mac: str
    kvm: bool
    nested: bool
    firmware: str = "bios"
    variables: Path | None = None
    seed_is_cdrom: bool = True
    cpus: int = 2
    memory_mib: int = 1536


def processor(machine: Machine) -> str:
    """The argument of `-cpu`: the machine's own processor under KVM, AMD's virtualization under TCG."""
    if machine.kvm:
        return "host" if machine.nested else "host,-svm,-vmx"
    return "qemu64,+svm" if machine.nested else "qemu64,-svm"


def qemu_arguments(machine: Machine) -> list[str]:
    """The command line; QEMU ends when the guest powers off."""
    return [
        QEMU,
        *("-name", machine.name, "-nodefaults", "-display", "none", "-no-user-config"),
        *("-accel", "kvm" if machine.kvm else "tcg,thread=multi", "-cpu", processor(machine)),
        *("-smp", str(machine.cpus), "-m", str(machine.memory_mib)),
        *_firmware(machine),
        *("-device", "virtio-scsi-pci,id=scsi" if machine.firmware != "bios" else "pvscsi,id=scsi"),
        *("-drive", f"file={machine.disk},if=none,id=disk,format=qcow2,discard=unmap"),
        *("-device", "scsi-hd,drive=disk,bus=scsi.0,scsi-id=0,bootindex=0"),
        *("-drive", f"file={machine.seed},if=none,id=seed,format=raw,readonly=on"),
        *("-device", "ide-cd,drive=seed" if machine.seed_is_cdrom else "scsi-hd,drive=seed,bus=scsi.0,scsi-id=1"),
        *("-netdev", f"user,id=net,restrict=off,hostfwd=tcp:127.0.0.1:{machine.ssh_port}-:22"),
        *("-device", f"vmxnet3,netdev=net,mac={machine.mac}"),
        # GRUB's menu, as Debian has it, waits for ever on a machine without a screen.
        *("-device", "VGA"),
        *("-device", "virtio-rng-pci"),
        *("-serial", f"file:{machine.serial}"),
    ]


def _firmware(machine: Machine) -> list[str]:
    if machine.firmware == "bios":
        return ["-machine", "q35"]
    drives = [
        *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={CODE[machine.firmware]}"),
        *("-drive", f"if=pflash,unit=1,format=raw,file={machine.variables}"),
    ]
    if machine.firmware == "uefi":
        return ["-machine", "q35", *drives]
    protected = ("-global", "driver=cfi.pflash01,property=secure,value=on")
    return ["-machine", "q35,smm=on", *protected, *drives]
