"""Where programs of this machine are looked for."""

from pathlib import Path

import pytest

from toolchain.system import host


def test_the_systems_own_folders_are_searched_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/home/user/bin")
    assert host.search_path().split(":")[:2] == ["/home/user/bin", "/usr/local/sbin"]


def test_who_has_read_the_labs_environment_finds_the_machines_go_and_not_the_link_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/local/go/bin")
    assert host.search_path(without=tmp_path).split(":")[0] == "/usr/local/go/bin"
