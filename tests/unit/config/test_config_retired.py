"""The tables of dead choices hold nothing that is alive, and every entry says why."""

import re

import pytest

from components.runtimes import RUNTIMES
from config import retired, versions

TABLES = {
    "runtimes": retired.RUNTIMES,
    "feature gates": retired.FEATURE_GATES,
    "kube-proxy modes": retired.KUBE_PROXY_MODES,
    "kubelet": retired.KUBELET,
    "API server": retired.API_SERVER,
    "controller manager": retired.CONTROLLER_MANAGER,
    "scheduler": retired.SCHEDULER,
    "etcd": retired.ETCD,
    "words for nested virtualization": retired.NESTED_VIRTUALIZATION,
}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.partition("; write ")[2]))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_dead_choice_has_a_reason(table: dict[str, str]) -> None:
    assert table
    assert all(table.values())


def test_no_runtime_that_can_be_chosen_is_called_dead() -> None:
    assert set(retired.RUNTIMES) & set(RUNTIMES) == set()


def test_every_dead_runtime_names_one_that_can_be_chosen() -> None:
    assert [word for word, why in retired.RUNTIMES.items() if not words(why) & set(RUNTIMES)] == []


@pytest.mark.parametrize("minor", versions.MINORS)
def test_nothing_is_known_against_a_kubernetes_that_can_be_chosen(minor: str) -> None:
    assert retired.kubernetes(f"{minor}.99", versions.MINORS) is None


@pytest.mark.parametrize(
    ("runtime", "version"), [(runtime, version) for runtime, record in RUNTIMES.items() for version in record.versions]
)
def test_nothing_is_known_against_a_runtime_version_that_can_be_chosen(runtime: str, version: str) -> None:
    assert retired.runtime_version(runtime, version) is None


@pytest.mark.parametrize("version", ["1.9.11", "0.1.0"])
def test_versions_are_compared_as_numbers(version: str) -> None:
    reason = retired.kubernetes(version, versions.MINORS)
    assert reason is not None
    assert "no packages" in reason
