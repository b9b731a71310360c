"""Run on a machine, as root: whether a guest runs there by KVM. Says on stdout what one did, in one line.

Status 0: its processor came to its end in 64-bit mode. Nothing less shows it: where virtualization is offered and not
honoured, /dev/kvm makes machines, and some of them even start, each instruction of theirs emulated. Sources: Linux,
virt/kvm/api.rst and arch/x86/include/uapi/asm/kvm.h; AMD64 APM 2, 4.7 and 5.3.
"""

import ctypes
import fcntl
import mmap
import os
import select
import signal
import struct
import sys

VERSION = 12
# On a busy host a guest is slow that was half through by then.
LIMIT_SECONDS, MORE_SECONDS = 5, 10
REQUESTS = {
    "KVM_GET_API_VERSION": 0xAE00,
    "KVM_CREATE_VM": 0xAE01,
    "KVM_GET_VCPU_MMAP_SIZE": 0xAE04,
    "KVM_GET_SUPPORTED_CPUID": 0xC008AE05,
    "KVM_CREATE_VCPU": 0xAE41,
    "KVM_SET_USER_MEMORY_REGION": 0x4020AE46,
    "KVM_RUN": 0xAE80,
    "KVM_SET_REGS": 0x4090AE82,
    "KVM_GET_SREGS": 0x8138AE83,
    "KVM_SET_SREGS": 0x4138AE84,
    "KVM_SET_CPUID2": 0x4008AE90,
}
EXIT_IO, EXIT_HALT = 2, 5
PORT, PROOF = 0xE9, b"1"
# Of guest memory, 2 MiB: one table of each level, for one page that is all of it; what the guest counts in; its code.
MEMORY, LEVEL_4, LEVEL_3, LEVEL_2, COUNTER, CODE = 1 << 21, 0x1000, 0x2000, 0x3000, 0x4000, 0x8000
# Of the processor a moment, and of what emulates each instruction more than a minute.
ROUNDS = 1 << 24
PROGRAM = (
    # rbx: the highest digit of 64 bits, 1; ecx: rounds
    bytes.fromhex("48bbf0debc9a78563412 48c1eb3c b9")
    + struct.pack("<I", ROUNDS)
    # one less, to the counter, again until it is 0
    + bytes.fromhex("ffc9 890c2500400000 75f5")
    # the digit to port 0xe9; halt
    + bytes.fromhex("8d4330 e6e9 f4")
)


def fill(memory: mmap.mmap) -> None:
    """Page tables (present, writable; of level 2 a large page) and the program."""
    for table, entry in ((LEVEL_4, LEVEL_3 | 3), (LEVEL_3, LEVEL_2 | 3), (LEVEL_2, 0x83)):
        memory[table : table + 8] = struct.pack("<Q", entry)
    memory[COUNTER : COUNTER + 4] = struct.pack("<I", ROUNDS)
    memory[CODE : CODE + len(PROGRAM)] = PROGRAM


def segment(selector: int, kind: int, is_code: int) -> bytes:
    """A `kvm_segment` of all memory: present, 64-bit if it is code."""
    return struct.pack("<QIH10B", 0, 0xFFFFFFFF, selector, kind, 1, 0, 1 - is_code, 1, is_code, 1, 0, 0, 0)


def in_64_bit_mode(found: bytes) -> bytes:
    """A `kvm_sregs`: of a processor after its reset, the rest as it is, one that runs 64-bit code."""
    segments = segment(8, 11, 1) + segment(16, 3, 0) * 5
    # cr0: paging, protection; cr3; cr4: physical address extension; efer: long mode enabled and active
    control = struct.pack("<6Q", 0x80000011, 0, LEVEL_4, 0x20, 0, 0x500)
    return segments + found[len(segments) : 224] + control + found[224 + len(control) :]


def ask(file: int, request: str, argument: int | bytearray = 0) -> int:
    """An ioctl; its failure names it."""
    try:
        return fcntl.ioctl(file, REQUESTS[request], argument)
    except OSError as error:
        raise OSError(f"{request}: {error.strerror}") from None


def ended(run: mmap.mmap) -> str:
    """How a vCPU came back, as its `kvm_run` says."""
    (reason,) = struct.unpack_from("<I", run, 8)
    return f"its vCPU ended with exit reason {reason}, {run[32:48].hex()}"


def run_guest(memory: mmap.mmap) -> str:
    """What kept a guest from its end; empty if nothing did. Raises OSError."""
    kvm = os.open("/dev/kvm", os.O_RDWR)
    if (version := ask(kvm, "KVM_GET_API_VERSION")) != VERSION:
        return f"KVM's interface has version {version}, wanted {VERSION}"
    machine = ask(kvm, "KVM_CREATE_VM")
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ask(machine, "KVM_SET_USER_MEMORY_REGION", bytearray(struct.pack("<2I3Q", 0, 0, 0, MEMORY, address)))
    vcpu = ask(machine, "KVM_CREATE_VCPU")
    features = bytearray(struct.pack("<2I", 256, 0) + bytes(256 * 40))
    ask(kvm, "KVM_GET_SUPPORTED_CPUID", features)
    ask(vcpu, "KVM_SET_CPUID2", features)
    registers = bytearray(312)
    ask(vcpu, "KVM_GET_SREGS", registers)
    ask(vcpu, "KVM_SET_SREGS", bytearray(in_64_bit_mode(bytes(registers))))
    ask(vcpu, "KVM_SET_REGS", bytearray(struct.pack("<18Q", *[0] * 16, CODE, 2)))
    run = mmap.mmap(vcpu, ask(kvm, "KVM_GET_VCPU_MMAP_SIZE"))
    ask(vcpu, "KVM_RUN")
    (offset,) = struct.unpack_from("<Q", run, 40)
    if (run[8], run[34]) != (EXIT_IO, PORT) or run[offset : offset + 1] != PROOF:
        return ended(run)
    ask(vcpu, "KVM_RUN")
    return "" if run[8] == EXIT_HALT else ended(run)


def rounds(memory: mmap.mmap) -> int:
    """How many a guest has done."""
    return int(ROUNDS - struct.unpack_from("<I", memory, COUNTER)[0])


def answer(memory: mmap.mmap) -> str:
    """What a child found that ran a guest: `run_guest`'s answer, or that it came to no end; a hanging one is left."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of this process, such as a lock or what waits for its output, is held by one that cannot be killed.
        os.dup2(writer, 0)
        os.closerange(1, 1024)
        try:
            found = run_guest(memory) or "runs"
        except (OSError, ValueError) as error:
            found = str(error)
        os.write(0, found.encode())
        os._exit(0)
    os.close(writer)
    seconds = LIMIT_SECONDS
    in_time = select.select([reader], [], [], seconds)[0]
    if not in_time and rounds(memory) > ROUNDS // 2:
        seconds += MORE_SECONDS
        in_time = select.select([reader], [], [], MORE_SECONDS)[0]
    found = os.read(reader, 1000).decode() if in_time else ""
    os.kill(child, signal.SIGKILL)
    if found:
        return found
    when = "when its process ended" if in_time else f"after {seconds} s"
    return f"its guest had done {rounds(memory)} of {ROUNDS} rounds {when}"


def main() -> int:
    """Its status."""
    memory = mmap.mmap(-1, MEMORY)
    fill(memory)
    found = answer(memory)
    print("a guest runs" if found == "runs" else found)
    return 0 if found == "runs" else 1


if __name__ == "__main__":
    sys.exit(main())
