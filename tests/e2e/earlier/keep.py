"""Keep the state of a running lab for later programs: `. .rig/env && python -m tests.e2e.earlier.keep STACK NAME`.

The lab's keys and certificates are readable in it, so that it has to be a lab that is destroyed afterwards.
"""

import argparse

from tests.e2e.earlier.kept import STATES, keep


def main() -> None:
    """Keep one state and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.earlier.keep", description=__doc__)
    parser.add_argument("stack", help="a stack of this project that is built and up to date")
    parser.add_argument("name", help="what the state is kept as, such as the release that made it")
    arguments = parser.parse_args()
    kept = STATES / arguments.name
    keep(arguments.stack, kept)
    print(f"{kept}: {sum(file.stat().st_size for file in kept.iterdir()) / 1000:.0f} KB")


if __name__ == "__main__":
    main()
