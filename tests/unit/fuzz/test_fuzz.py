"""Whatever is written, the door answers: a bounded part of `make fuzz`, always the same inputs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.fuzz.inputs import KINDS, Input
from tests.unit.fuzz.verdict import judge

EXAMPLES = 60
ALL = ("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9")


@pytest.mark.case(*ALL)
@pytest.mark.parametrize("kind", dict.fromkeys(KINDS), ids=lambda kind: kind.__name__)
def test_no_input_ends_in_a_traceback_a_hang_a_secret_or_a_file_elsewhere(
    kind: Callable[[], st.SearchStrategy[Input]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind())
    def throw(one: Input) -> None:
        assert judge(one, tmp_path / "lab") in ("accepted", "refused")

    throw()
