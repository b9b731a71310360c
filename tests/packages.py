"""`python -m tests.packages`, run by `make test`: installs what tests use besides the tools' and the lab's packages."""

import os
import sys
from pathlib import Path

from toolchain.command_line import explained, layout_here
from toolchain.progress import Progress
from toolchain.system import host, packages


def main() -> int:
    """Exit code 0: all of them are there."""
    os.environ["PATH"] = host.search_path()
    file = Path(__file__).with_name("host-packages.txt")
    packages.ensure(file, host.look(), layout_here().logs / "packages.log", Progress())
    return 0


if __name__ == "__main__":
    sys.exit(explained(main))
