"""`python -m toolchain`: sets up the tools, run from the project's root."""

import argparse
import sys

from toolchain.command_line import alone, explained, layout_here
from toolchain.setup import setup


def main() -> int:
    """Exit code 0: done; 1: a failure, explained; 2: wrong arguments; 130: interrupted."""
    argparse.ArgumentParser(prog="python -m toolchain", description="Sets up the tools of kubelab.").parse_args()
    layout = layout_here()
    with alone(layout) as progress:
        setup(layout, progress)
    return 0


if __name__ == "__main__":
    sys.exit(explained(main))
