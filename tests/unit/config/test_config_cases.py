"""Every case of tests/configs: what loads, and what each fault says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config import ConfigError
from tests.unit.config.lab_folder import CASES, LabFolder, text_of

VALID = sorted((CASES / "valid").iterdir())
INVALID = sorted((CASES / "invalid").iterdir())


def name(case: Path) -> str:
    return case.name


def test_there_are_cases() -> None:
    assert len(VALID) >= 6
    assert len(INVALID) >= 90


@pytest.mark.parametrize("case", VALID, ids=name)
def test_a_valid_lab_loads(case: Path, lab_folder: Callable[[Path], LabFolder]) -> None:
    (control_plane,) = lab_folder(case).load().control_planes
    assert control_plane.role == "controlPlane"


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_an_invalid_lab_gives_exactly_its_lines(case: Path, lab_folder: Callable[[Path], LabFolder]) -> None:
    expected = text_of(case / "expected.txt").splitlines()
    with pytest.raises(ConfigError) as raised:
        lab_folder(case).load()
    header, *lines = str(raised.value).splitlines()
    assert lines == expected
    count = "1 problem" if len(expected) == 1 else f"{len(expected)} problems"
    assert header == f"reading the configuration of stack lab: {count}"


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_no_message_shows_a_password(case: Path, lab_folder: Callable[[Path], LabFolder]) -> None:
    with pytest.raises(ConfigError) as raised:
        lab_folder(case).load()
    for secret in ("hunter2", "hun@ter2", "1234,"):
        assert secret not in str(raised.value)
