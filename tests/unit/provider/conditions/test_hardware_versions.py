"""Hardware versions that a machine cannot have: told by node before anything is made, with what has which."""

from dataclasses import replace
from typing import Any

import pytest

from provider.vsphere.conditions import hardware
from provider.vsphere.conditions.hardware import Source
from provider.vsphere.conditions.wanted import WantedMachine
from tests.unit.provider.lifecycle.parts import FOUND


def offered_and_made_of(
    wants: int | None, *, offered: tuple[int, ...] = (), source: Source | None = None, have: str = ""
) -> list[str]:
    machine = WantedMachine("w0", 20, 1024, "ds", "net", hardware_version=wants)
    there_is = [replace(FOUND, name="w0", hardware_version=have)] if have else []
    return [each.text for each in hardware.of_machines([machine], there_is, offered, {"w0": source} if source else {})]


@pytest.mark.case("V18")
@pytest.mark.parametrize(
    ("wants", "known", "told"),
    [
        (None, {"offered": (19, 21), "source": Source("template golden", 21)}, []),
        (
            None,
            {"offered": (19, 21), "source": Source("template golden", 22)},
            [
                "machine w0: template golden, which it is cloned of, has hardware version 22, and the host offers 19, "
                "21; use an older one, or update the host"
            ],
        ),
        (None, {"offered": (19, 21), "source": Source("template golden", 22), "have": "vmx-22"}, []),
        (21, {"offered": (19, 21), "source": Source("template golden", 19)}, []),
        (20, {"offered": ()}, []),
        (22, {"offered": (19, 21)}, ["machine w0: machine.hardwareVersion is 22, and the host offers 19, 21; write"]),
        (
            14,
            {"offered": (14, 19), "source": Source("template golden", 19)},
            [
                "machine w0: machine.hardwareVersion is 14, and template golden, which it is cloned of, has 19; a "
                "clone never goes below that: write 19 or a newer one, or leave it out"
            ],
        ),
        (
            17,
            {"offered": (17, 19), "have": "vmx-19"},
            ["machine w0: it has hardware version 19, and machine.hardwareVersion is 17; it never goes down: write 19"],
        ),
        (8, {"offered": (10, 19), "have": "vmx-08"}, []),
        (
            22,
            {"offered": (10, 19), "have": "vmx-19"},
            ["machine w0: machine.hardwareVersion is 22, and the host offers"],
        ),
        (19, {"source": Source("template golden", 19), "have": "vmx-17"}, []),
    ],
)
def test_a_hardware_version_that_a_machine_cannot_have_is_told(
    wants: int | None, known: dict[str, Any], told: list[str]
) -> None:
    found = offered_and_made_of(wants, **known)
    assert [line.startswith(text) for text, line in zip(told, found, strict=True)] == [True] * len(told)


def test_a_machine_that_this_run_may_make_anew_is_not_kept_from_it() -> None:
    machine = WantedMachine("w0", 20, 1024, "ds", "net", hardware_version=17)
    (finding,) = hardware.of_machines([machine], [replace(FOUND, name="w0", hardware_version="vmx-19")], (), {})
    assert not finding.blocks
