"""What several tests of the mirror share."""

from pathlib import Path

import pytest

from rig.mirror.parts import mirror_parts
from rig.mirror.runtimes import RUNTIMES


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stand-ins of the mirror's programs by the parts that make them: shell scripts that say their name."""
    root = tmp_path_factory.mktemp("programs")
    made = {part.name: part.binaries for part in mirror_parts(RUNTIMES) if part.binaries}
    for part, names in made.items():
        (root / part).mkdir()
        for name in names:
            (root / part / name).write_text(f"#!/bin/sh\necho {name}\n")
    return {part: root / part for part in made}
