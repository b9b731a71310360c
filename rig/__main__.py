"""The rig's command line: `python -m rig setup|up|down|status`, run from the project's root."""

import argparse
import sys
from pathlib import Path

from rig import catalog
from rig.down import down
from rig.errors import RigError
from rig.layout import Layout, layout_of
from rig.progress import Progress
from rig.setup import setup
from rig.status import render, rows
from rig.store import locked
from rig.up import up

WAIT_LIMIT_SECONDS = 3600.0
NOT_UP = 3


def main() -> int:
    """Exit code 0: done (status: up); 1: a failure, explained; 2: wrong arguments; 3: the rig is not up."""
    arguments = _parse()
    try:
        layout = _layout(Path.cwd())
        if arguments.command == "status":
            table = rows(layout, arguments.stack)
            sys.stdout.write(render(table))
            return 0 if all(row.good for row in table) else NOT_UP
        progress = Progress()
        with locked(layout.state / "lock", "the rig", WAIT_LIMIT_SECONDS, progress.note):
            _change(arguments.command, arguments.stack, layout, progress)
    except RigError as error:
        print(f"error: {error}", *(f"  | {line}" for line in error.evidence), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same again to go on", file=sys.stderr)
        return 130
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rig", description="The embedded lab of kubelab.")
    parser.add_argument("command", choices=("setup", "up", "down", "status"))
    parser.add_argument(
        "--stack", default=catalog.DEFAULT_STACK, help="the stack to prepare for (default: %(default)s)"
    )
    return parser.parse_args()


def _layout(project: Path) -> Layout:
    if not (project / "rig" / "__main__.py").is_file():
        raise RigError(f"rig: {project} is not the project's root; change into the folder with rig/ and run again")
    return layout_of(project)


def _change(command: str, stack: str, layout: Layout, progress: Progress) -> None:
    if command == "setup":
        setup(layout, progress)
    elif command == "up":
        up(layout, stack, progress)
    else:
        down(layout, progress)


if __name__ == "__main__":
    sys.exit(main())
