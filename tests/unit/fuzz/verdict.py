"""What becomes of one input: a lab or lines; no traceback, wait or endless memory, no secret, no file elsewhere."""

import json
import os
import resource
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config import ConfigError, LabConfig
from config.load import load, load_file
from config.reading.guard import UNEXPECTED
from config.reading.json_reader import read_json
from tests.unit.fuzz import renderings
from tests.unit.fuzz.hostile import SECRET
from tests.unit.fuzz.inputs import PASSWORD, STACK, Input

LONGEST_SECONDS = 2
"""Of the processor's time; a machine that does other things takes longer."""
_BLOCKED_SECONDS = 60
_MOST_GROWTH = 400 * 1024 * 1024
_LONGEST_LINE = 2_000
_MOST_LINES = 40_000


def judge(given: Input, folder: Path) -> str:
    """Whether the lab was `accepted` or `refused`. Raises AssertionError for what must not happen."""
    _lay_out(given, folder)
    try:
        with _bounded():
            lab = _load(given, folder)
    except ConfigError as error:
        _check_lines(str(error))
        return "refused"
    assert SECRET not in "\n".join(lab.warnings)
    assert SECRET not in repr(lab.site.registries)
    with _bounded():
        renderings.check(lab)
    return "accepted"


def _load(given: Input, folder: Path) -> LabConfig:
    if not given.engine:
        return load_file(folder / STACK, {})
    stack = json.loads(given.files[STACK])
    written = stack.get("config") if isinstance(stack, dict) else None
    keys = written if isinstance(written, dict) else {}
    site = keys.get("kubelab:site")
    texts = {name: json.dumps(keys.get(f"kubelab:{name}")) for name in ("cluster", "nodes")}
    return load(
        "lab",
        read_json(texts["cluster"]),
        read_json(texts["nodes"]),
        site if isinstance(site, str) else json.dumps(site),
        folder / "stacks",
        {},
        config_keys=list(keys),
    )


def _check_lines(said: str) -> None:
    lines = said.split("\n")
    assert all(line.isprintable() for line in lines), "a line that is none"
    assert max(map(len, lines)) <= _LONGEST_LINE, "a line too long"
    assert len(lines) <= _MOST_LINES, "too many lines"
    assert "Traceback" not in said
    assert UNEXPECTED not in said, said[:2_000]
    assert SECRET not in said, "the secret is shown"


@contextmanager
def _bounded() -> Iterator[None]:
    before, start = _memory(), time.process_time()
    signal.signal(signal.SIGALRM, _blocked)
    signal.alarm(_BLOCKED_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
    assert time.process_time() - start < LONGEST_SECONDS, "it takes too long"
    assert _memory() - before < _MOST_GROWTH, "it takes too much memory"


def _blocked(_: int, __: FrameType | None) -> None:
    raise AssertionError("it waits for something")


def _memory() -> int:
    """The most that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _lay_out(given: Input, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "stacks").mkdir(parents=True)
    for name, content in given.files.items():
        file, kind = folder / name, given.special.get(name)
        if kind:
            _lay_out_special(file, kind)
        else:
            file.write_bytes(content)
            file.chmod(0o600 if name == PASSWORD else 0o644)


def _lay_out_special(file: Path, kind: str) -> None:
    match kind:
        case "fifo":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "device" | "endless":
            file.symlink_to("/dev/zero" if kind == "endless" else "/dev/null")
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening, _inside(file.parent):
                listening.bind(file.name)
        case "circle":
            file.symlink_to(file.name)
        case "unreadable":
            file.write_bytes(b"\xff\xfe")
            file.chmod(0)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """The path of a socket is short."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
