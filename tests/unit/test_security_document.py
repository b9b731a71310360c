"""docs/security.md says what is pinned how: the facts in it are those of the code."""

import re
from pathlib import Path

import pytest

from components import apt
from components.apt import ANY_FINGERPRINT
from components.runtimes import RUNTIMES
from components.steps.node import prepare_os
from config.mirrors import PackageKeysSpec
from config.site import SiteSpec
from images.ubuntu.releases import SIGNING_KEY
from tests.unit.components.labs import UPSTREAM, node

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/security.md").read_text()


def upstream() -> dict[str, apt.Repository]:
    """Every repository that some node has, by its name."""
    found = [prepare_os.repositories(node("w1", runtime=runtime), "1.36", UPSTREAM) for runtime in RUNTIMES]
    return {repository.name: repository for repositories in found for repository in repositories}


@pytest.mark.case("T12")
def test_every_fingerprint_that_is_known_is_said_and_no_other() -> None:
    known = {each.fingerprint for each in upstream().values()} - {ANY_FINGERPRINT} | {SIGNING_KEY}
    assert set(re.findall(r"`([0-9A-F]{40})`", TEXT)) == known


@pytest.mark.case("T12")
def test_what_is_trusted_on_first_use_is_said() -> None:
    rows = [line for line in TEXT.splitlines() if "**trusted on first use**" in line]
    blind = [name for name, repository in upstream().items() if repository.fingerprint == ANY_FINGERPRINT]
    assert blind == ["crio"]
    assert [row.split("|")[1].strip() for row in rows] == ["CRI-O's packages", "A mirror's packages"]


@pytest.mark.case("T12")
def test_every_repositorys_key_can_be_rotated_by_the_site_file() -> None:
    assert set(upstream()) <= set(PackageKeysSpec.model_fields)
    assert "package_keys" in SiteSpec.model_fields
    assert "`packageKeys: {docker: ...}`" in TEXT


@pytest.mark.case("T12")
def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`([\w./-]+\.(?:py|lock|sum|txt))`", TEXT)
    assert "requirements.lock" in named
    assert [name for name in named if "/" in name and not (ROOT / name).is_file()] == []
