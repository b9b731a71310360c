"""The engine's own log of each run, which it is kept from.

Whatever it is asked to say, the engine writes all that it could say to `logs` in its home: whole states too, packed and
encrypted while the program waits, 1.2 MB for each run of a small lab and up to 500 MB in all. There is no setting for
that, but it does without where it can make no such folder
(https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/logging/encrypted.go, `StartLogging`).
"""

import shutil
from pathlib import Path

_TEXT = """\
In place of a folder, so that the engine keeps no log of its own of each run, which takes a seventh of the run's time.
`pulumi up --logtostderr -v=9` shows what it would hold.
"""


def refuse(home: Path) -> None:
    """Puts a file where the engine with this home would make the folder of its logs; what earlier runs left goes."""
    logs = home / "logs"
    if logs.is_dir() and not logs.is_symlink():
        shutil.rmtree(logs)
    if not logs.is_file() or logs.read_text() != _TEXT:
        logs.unlink(missing_ok=True)
        logs.write_text(_TEXT)
