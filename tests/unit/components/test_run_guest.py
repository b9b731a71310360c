"""The program that runs a guest: what it tells KVM, and that it ends in time with an answer wherever it is run."""

import ast
import mmap
import os
import struct
import subprocess
import sys
import time
from ctypes import Structure, c_uint8, c_uint16, c_uint32, c_uint64, sizeof
from dataclasses import replace
from pathlib import Path

import pytest

from components.scripts.installed import run_guest
from components.step import SCRIPTS
from components.steps.node import preflight, virtualization
from config import NestedVirtualization
from tests.unit.components import labs

PROGRAM = (SCRIPTS / "installed/run_guest.py").read_text()
GIVEN = virtualization.program(labs.node("w1"))
READ, WRITE = 2, 1


class Segment(Structure):
    """`struct kvm_segment` of arch/x86/include/uapi/asm/kvm.h."""

    _fields_ = (
        ("base", c_uint64),
        ("limit", c_uint32),
        ("selector", c_uint16),
        *((name, c_uint8) for name in ("type", "present", "dpl", "db", "s", "l", "g", "avl", "unusable", "padding")),
    )


class Table(Structure):
    """`struct kvm_dtable`."""

    _fields_ = (("base", c_uint64), ("limit", c_uint16), ("padding", c_uint16 * 3))


class Registers(Structure):
    """`struct kvm_sregs`."""

    _fields_ = (
        *((name, Segment) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")),
        *((name, Table) for name in ("gdt", "idt")),
        *((name, c_uint64) for name in ("cr0", "cr2", "cr3", "cr4", "cr8", "efer", "apic_base")),
        ("interrupt_bitmap", c_uint64 * 4),
    )


# name of a request: its number, which way its argument goes, the argument's size in bytes (include/uapi/linux/kvm.h)
REQUESTS = {
    "KVM_GET_API_VERSION": (0x00, 0, 0),
    "KVM_CREATE_VM": (0x01, 0, 0),
    "KVM_GET_VCPU_MMAP_SIZE": (0x04, 0, 0),
    "KVM_GET_SUPPORTED_CPUID": (0x05, READ | WRITE, 8),
    "KVM_CREATE_VCPU": (0x41, 0, 0),
    "KVM_SET_USER_MEMORY_REGION": (0x46, WRITE, 32),
    "KVM_RUN": (0x80, 0, 0),
    "KVM_SET_REGS": (0x82, WRITE, 18 * 8),
    "KVM_GET_SREGS": (0x83, READ, sizeof(Registers)),
    "KVM_SET_SREGS": (0x84, WRITE, sizeof(Registers)),
    "KVM_SET_CPUID2": (0x90, WRITE, 8),
}


def run(device: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program, as a node runs it; with another device in place of /dev/kvm."""
    text = GIVEN if device is None else GIVEN.replace('"/dev/kvm"', repr(str(device)))
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=run_guest.LIMIT_SECONDS + run_guest.MORE_SECONDS + 30,
        check=False,
    )


@pytest.fixture(scope="module")
def memory() -> bytes:
    """The guest's memory as it starts."""
    with mmap.mmap(-1, run_guest.MEMORY) as filled:
        run_guest.fill(filled)
        return filled[:]


def test_requests_are_numbered_as_the_kernel_numbers_them() -> None:
    numbered = {name: way << 30 | size << 16 | 0xAE << 8 | number for name, (number, way, size) in REQUESTS.items()}
    assert numbered == run_guest.REQUESTS


def test_page_tables_lead_from_the_root_to_one_page_that_is_all_of_memory(memory: bytes) -> None:
    present, large, address = 1, 1 << 7, 0x000F_FFFF_FFFF_F000
    table = Registers.from_buffer_copy(run_guest.in_64_bit_mode(bytes(sizeof(Registers)))).cr3
    for _ in range(2):
        (entry,) = struct.unpack_from("<Q", memory, table)
        assert entry & present
        assert not entry & large
        table = entry & address
    (entry,) = struct.unpack_from("<Q", memory, table)
    assert entry & present
    assert entry & large
    assert (entry & address & ~(2**21 - 1), len(memory)) == (0, 2**21)


def test_nothing_in_memory_overlaps(memory: bytes) -> None:
    starts = [run_guest.LEVEL_4, run_guest.LEVEL_3, run_guest.LEVEL_2, run_guest.COUNTER, run_guest.CODE]
    assert all(start % 4096 == 0 for start in starts)
    assert len(set(starts)) == len(starts)
    assert len(run_guest.PROGRAM) < 4096
    assert memory[run_guest.CODE :].startswith(run_guest.PROGRAM)


def test_the_processor_is_in_64_bit_mode_with_paging() -> None:
    registers = Registers.from_buffer_copy(run_guest.in_64_bit_mode(bytes(sizeof(Registers))))
    assert registers.cr0 & 1  # protection
    assert registers.cr0 >> 31 == 1  # paging
    assert registers.cr4 >> 5 & 1  # physical address extension
    assert registers.efer == 1 << 8 | 1 << 10  # long mode enabled, and active
    code = registers.cs
    assert (code.l, code.db, code.s, code.present, code.type & 8) == (1, 0, 1, 1, 8)
    for data in (registers.ds, registers.es, registers.fs, registers.gs, registers.ss):
        assert (data.l, data.s, data.present, data.type & 10) == (0, 1, 1, 2)


def test_what_a_processor_has_after_its_reset_stays_but_for_its_mode() -> None:
    found = bytes(range(256)) + bytes(sizeof(Registers) - 256)
    became = run_guest.in_64_bit_mode(found)
    assert len(became) == sizeof(Registers)
    kept = (Registers.tr.offset, Registers.cr0.offset), (Registers.apic_base.offset, sizeof(Registers))
    assert all(became[start:end] == found[start:end] for start, end in kept)


def test_on_this_machine_it_ends_in_time_with_a_definite_answer() -> None:
    began = time.monotonic()
    result = run()
    assert time.monotonic() - began < run_guest.LIMIT_SECONDS + run_guest.MORE_SECONDS + 15
    (line,) = result.stdout.splitlines()
    assert result.returncode == (0 if line == "a guest runs" else 1)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("device", "said"),
    [("missing", "No such file or directory"), (os.devnull, "KVM_GET_API_VERSION: Inappropriate ioctl for device")],
    ids=["missing", "no KVM"],
)
def test_a_device_that_is_none_is_named(tmp_path: Path, device: str, said: str) -> None:
    result = run(tmp_path / device)
    assert result.returncode == 1
    assert said in result.stdout


def started(text: str) -> subprocess.CompletedProcess[str]:
    """The program with another text in place of running a guest."""
    before, _, _ = PROGRAM.partition("    kvm = os.open(")
    after = PROGRAM[PROGRAM.index("\n\ndef rounds(") :].replace("LIMIT_SECONDS", "1").replace("MORE_SECONDS", "2")
    return subprocess.run(
        [sys.executable, "-c", before + text + after], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_guest_that_hangs_is_given_up_and_how_far_it_came_is_said() -> None:
    slow = "    memory[COUNTER : COUNTER + 4] = struct.pack('<I', ROUNDS - 7)\n    signal.pause()\n"
    result = started(slow)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == f"its guest had done 7 of {run_guest.ROUNDS} rounds after 1 s\n"


def test_a_guest_that_is_half_through_gets_more_time() -> None:
    busy = (
        "    memory[COUNTER : COUNTER + 4] = struct.pack('<I', 7)\n    select.select([], [], [], 1.5)\n    return ''\n"
    )
    assert started(busy).stdout == "a guest runs\n"
    result = started(busy.replace("1.5", "60"))
    assert result.stdout == f"its guest had done {run_guest.ROUNDS - 7} of {run_guest.ROUNDS} rounds after 3 s\n"


def test_a_guest_that_takes_its_process_with_it_is_an_answer_too() -> None:
    result = started("    os.kill(os.getpid(), signal.SIGKILL)\n")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == f"its guest had done 0 of {run_guest.ROUNDS} rounds when its process ended\n"


def test_what_hangs_holds_no_output_and_no_file_of_its_caller() -> None:
    result = started(
        "    held = [each for each in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{each}')]\n"
        "    return ' '.join(held)\n"
    )
    assert result.stdout == "0\n"


def without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def test_what_a_node_is_given_is_the_program_without_what_only_people_read() -> None:
    given = GIVEN
    assert ast.dump(ast.parse(given)) == without_docstrings(PROGRAM)
    assert not [line for line in given.splitlines() if not line.strip() or "#" in line]


@pytest.mark.parametrize("wanted", ["require", "prefer", "off"])
def test_the_preflight_has_the_program_unless_nobody_asks(wanted: NestedVirtualization) -> None:
    node = replace(labs.node("w1"), machine=replace(labs.MACHINE, nested_virtualization=wanted))
    given = preflight.environment(node, labs.CLUSTER, labs.SITE, [], "10.87.0.11")
    assert given["NESTED_VIRTUALIZATION"] == wanted
    assert bool(given["RUN_GUEST"]) == (wanted != "off")
    assert virtualization.environment(node) == {"RUN_GUEST": given["RUN_GUEST"]}
