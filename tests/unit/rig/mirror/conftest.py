"""What several tests of the mirror share."""

from pathlib import Path

import pytest

from rig.mirror.apt.deb import build_packages
from rig.mirror.apt.repositories import build_repository
from rig.mirror.parts import mirror_parts
from rig.mirror.runtimes import RUNTIMES
from rig.mirror.serving.publish import publish
from tests.unit.rig.mirror.apt_content import DEBS, GUESTS, REPOSITORIES


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stand-ins of the mirror's programs by the parts that make them: shell scripts that say their name."""
    root = tmp_path_factory.mktemp("programs")
    made = {part.name: part.binaries for part in mirror_parts(RUNTIMES, GUESTS) if part.binaries}
    for part, names in made.items():
        (root / part).mkdir()
        for name in names:
            (root / part / name).write_text(f"#!/bin/sh\necho {name}\n")
    return {part: root / part for part in made}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, programs: dict[str, Path]) -> Path:
    """The output of the `apt` part, from packages of small stand-in programs."""
    tmp_path = tmp_path_factory.mktemp("built")
    out = tmp_path / "apt"
    for repository in REPOSITORIES:
        debs = tmp_path / "debs" / repository.name
        build_packages(DEBS[repository.name], programs, "amd64", debs, tmp_path / "log")
        build_repository(repository, sorted(debs.iterdir()), "amd64", out)
    return out


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "state" / "signing.key"


@pytest.fixture
def root(tmp_path: Path, built: Path, key: Path) -> Path:
    """What the file server serves."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files/upstream.yml").write_text("kind: Namespace\n")
    root = tmp_path / "www"
    publish(built, REPOSITORIES, [tmp_path / "files"], key, root)
    return root
