"""What no check expects is one line, without what it was about."""

import pytest

from config import ConfigError
from config.reading import guard
from tests.unit.config.lab_folder import KUBERNETES, LabFolder


@pytest.mark.parametrize("error", [OverflowError("hunter2"), RecursionError("hunter2"), KeyError("hunter2")])
def test_what_no_check_expects_is_one_line_at_its_place(
    error: Exception, minimal: LabFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_: object) -> object:
        raise error

    monkeypatch.setattr("config.values.hosts.IPv4Address", stumble)
    text = minimal.stack.read_text()
    endpoint = f"{KUBERNETES}\n    controlPlaneEndpoint: 10.0.0.1"
    minimal.stack.write_text(text.replace(KUBERNETES, endpoint))
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    (problem,) = raised.value.problems
    assert problem.path == "kubelab:cluster/controlPlaneEndpoint"
    assert f"{guard.UNEXPECTED} ({type(error).__name__} at " in problem.text
    assert "hunter2" not in problem.text


def test_a_rule_that_stumbles_is_one_line(minimal: LabFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise AttributeError("hunter2")

    monkeypatch.setattr("config.load.broken_rules", stumble)
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    (problem,) = raised.value.problems
    assert "AttributeError" in problem.text
    assert "hunter2" not in problem.text
