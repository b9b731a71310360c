"""The embedded lab's command line: `python -m rig up|bake|bare|down|status`, run from the project's root."""

import argparse
import sys

from rig.bake import bake
from rig.catalog import DEFAULT_STACK
from rig.down import down
from rig.host.machine_kind import Wish
from rig.node import bare
from rig.status import render, rows
from rig.up import up
from toolchain.command_line import alone, explained, layout_here

NOT_UP = 3


def main() -> int:
    """Exit code 0: done (status: up); 1: a failure, explained; 2: wrong arguments; 3: the lab is not up."""
    arguments = _parse()
    stacks = arguments.stack or [DEFAULT_STACK]
    layout = layout_here()
    if arguments.command == "status":
        table = rows(layout, stacks)
        sys.stdout.write(render(table))
        return 0 if all(row.good for row in table) else NOT_UP
    with alone(layout) as progress:
        if arguments.command == "up":
            up(layout, stacks, arguments.system, arguments.machines, arguments.also_real, progress)
        elif arguments.command == "bake":
            bake(layout, stacks, progress)
        elif arguments.command == "bare":
            bare.replace(layout, arguments.machine, progress)
        else:
            down(layout, progress)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rig", description="The embedded lab of kubelab.")
    parser.add_argument("command", choices=("up", "bake", "bare", "down", "status"))
    parser.add_argument(
        "--stack", action="append", help=f"a stack to prepare for, may be repeated (default: {DEFAULT_STACK})"
    )
    parser.add_argument(
        "--system", action="append", default=[], help="a guest system to prepare for besides those of the stacks"
    )
    parser.add_argument(
        "--machines",
        type=Wish,
        choices=tuple(Wish),
        default=Wish.AUTO,
        help="what machines are; auto: vm (by QEMU) where KVM runs guests, else container (default: %(default)s)",
    )
    parser.add_argument(
        "--also-real", action="store_true", help="have QEMU in any case, so that a single node can be a real machine"
    )
    parser.add_argument(
        "--machine",
        action="append",
        default=[],
        help="bare: a machine of this name that no simulated host makes, in place of all there were; none ends them",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(explained(main))
