"""The script files, and what they name."""

import re

import pytest

from components import step
from components.step import (
    read_script,
)

FILES = sorted(path.name for path in step.SCRIPTS.glob("[0-9]*.sh"))
LIBRARIES = sorted(path.name for path in (step.SCRIPTS / step.LIBRARIES).rglob("*.sh") if path.name != step.PRELUDE)
PLAIN, OF_LIBRARY, LIBRARY = "50-manage-membership.sh", "20-install-docker.sh", "runtime.sh"
EACH = pytest.mark.parametrize("file", FILES)


def libraries_of(file: str) -> list[str]:
    """The libraries of a script, and theirs."""
    named = re.findall(r"^# library: (\S+)$", read_script(file), re.MULTILINE)
    return [library for each in named for library in (*libraries_of(each), each)]
