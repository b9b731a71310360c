"""What the project's command lines share: where they run, one at a time, errors without traceback."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.build.store import locked
from toolchain.errors import SetupError
from toolchain.layout import Layout, layout_of
from toolchain.progress import Progress

WAIT_LIMIT_SECONDS = 3600.0
FAILED, INTERRUPTED = 1, 130


def explained(action: Callable[[], int]) -> int:
    """The exit code of an action; a failure is explained on stderr in a line, with its evidence below."""
    try:
        return action()
    except SetupError as error:
        print(f"error: {error}", *(f"  | {line}" for line in error.evidence), sep="\n", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted; run the same again to go on", file=sys.stderr)
        return INTERRUPTED


def layout_here() -> Layout:
    """The layout of the project in the current directory; SetupError when that is not the project's root."""
    project = Path.cwd()
    if not (project / "toolchain" / "__main__.py").is_file():
        raise SetupError(f"{project} is not the project's root; change into the folder with Pulumi.yaml and run again")
    return layout_of(project)


@contextmanager
def alone(layout: Layout) -> Iterator[Progress]:
    """Progress lines for a change of `.rig`, made while no other program of ours changes it."""
    progress = Progress()
    with locked(layout.state / "lock", f"{layout.state}", WAIT_LIMIT_SECONDS, progress.note):
        yield progress
