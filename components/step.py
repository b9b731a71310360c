"""Steps as data: which shell file runs with which inputs, and the text that a machine's shell reads.

Not here: how a step becomes a resource (components/script.py), what each is given (components/steps).
"""

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
LIBRARIES = "libraries"
PRELUDE = "prelude.sh"
LOCK = "/run/kubelab.lock"
# A step of an engine that was killed goes on in the guest; the next run waits for it at most this long.
LOCK_WAIT_SECONDS = 900
_LOCKED = 75

_INPUT = re.compile(r'^: "\$\{([A-Z][A-Z0-9_]*)(:?)\?', re.MULTILINE)
_LIBRARY = re.compile(r"^# library: (\S+)$", re.MULTILINE)


class ScriptError(ValueError):
    """A script file and the way it is used do not fit together."""


class Log(StrEnum):
    """Which of a step's streams the user sees; a stream that carries a secret is never shown."""

    ALL = "stdoutAndStderr"
    STDERR = "stderr"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Step:
    """A script file and how it is run: within how many seconds, what of it is logged, with which argument.

    `removal` is the argument with which it is run when its resource is deleted; without it deleting does nothing. The
    result of a step that does not log it is a secret, unless it `is_public`.
    """

    file: str
    timeout_seconds: int
    log: Log = Log.ALL
    argument: str = ""
    removal: str = ""
    is_public: bool = False

    @property
    def has_secret_result(self) -> bool:
        """Whether the step's stdout is kept as a secret."""
        return self.log is not Log.ALL and not self.is_public

    @property
    def command(self) -> str:
        """The remote command of creation and update."""
        return render_command(self.file, self.timeout_seconds, self.argument)

    @property
    def removal_command(self) -> str | None:
        """The remote command of deletion, if there is one."""
        return render_command(self.file, self.timeout_seconds, self.removal) if self.removal else None


def declared_inputs(text: str) -> dict[str, bool]:
    """The environment a script declares: name -> whether it may be empty.

    A script declares an input with `: "${NAME:?why}"` (not empty) or `: "${NAME?why}"` (may be empty).
    """
    return {name: colon == "" for name, colon in _INPUT.findall(text)}


def check_environment(file: str, given: Sequence[str]) -> None:
    """Refuse a missing or an extra variable: raises ScriptError naming the file and both lists."""
    declared = list(_inputs(SCRIPTS, file))
    if declared != sorted(given):
        raise ScriptError(f"components/scripts/{file}: declares {declared}, was given {sorted(given)}")


def read_script(file: str) -> str:
    """The text of one script file, or of a library in whichever of their folders; ScriptError when there is none."""
    return _script(SCRIPTS, file)


def read_step(file: str) -> str:
    """One step's whole shell text but for the prelude: the libraries that the script names, then the script.

    A script, or a library itself, names a library, functions that several scripts share, with a line
    `# library: <file>`. A library that is named twice stands once.
    """
    return _step(SCRIPTS, file)


def sent(file: str) -> str:
    """What of a step's text goes to a machine, and into a lab's state: what its shell would skip is left out."""
    return _sent(SCRIPTS, file)


def render_stdin(file: str, environment: Mapping[str, str]) -> str:
    """What the guest's shell reads: the declared environment, prelude, libraries and the script.

    STEP names the step in the guest's log of steps, `/var/log/kubelab-steps.log`. Nothing is exported: a program's
    environment may hold no value of more than 128 KiB, and what a user declares may be longer.
    """
    values = {**environment, "STEP": file}
    assigned = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    return assigned + sent(file)


def render_command(file: str, timeout_seconds: int, argument: str = "") -> str:
    """The remote command: constant but for the step's name and hash, which also show a change of a secret stdin.

    The lock keeps two runs of steps on one machine from overlapping, also when an engine was killed; whoever holds it
    has written there what is shown to who waited in vain. A step says itself when its time limit ends it, unless it
    has to be killed, which `timeout` says.
    """
    digest = _digest(SCRIPTS, file)
    words = ["bash", "-s", *(["--", argument] if argument else [])]
    return (
        f"sudo -n flock --timeout {LOCK_WAIT_SECONDS} --conflict-exit-code {_LOCKED} {LOCK}"
        f" timeout --verbose --kill-after=10 {timeout_seconds} env TIME_LIMIT={timeout_seconds} {' '.join(words)}"
        f" || {{ code=$?; [ $code != {_LOCKED} ] || cat {LOCK} >&2; exit $code; }} # {file} {digest}"
    )


# A script is read and put together once in a run, however many nodes it is for.


@cache
def run_lines(text: str) -> str:
    """The lines of a program that are run: without empty ones, and those that are comments."""
    lines = ((line, line.lstrip()) for line in text.splitlines(keepends=True))
    return "".join(line for line, written in lines if written and not written.startswith("#"))


@cache
def _script(folder: Path, file: str) -> str:
    own = folder / file
    path = own if own.is_file() else _libraries(folder).get(file)
    if path is None:
        raise ScriptError(f"components/scripts/{file}: no such script")
    return path.read_text()


@cache
def _libraries(folder: Path) -> Mapping[str, Path]:
    """Each library by its name, in whichever folder it is."""
    return {path.name: path for path in (folder / LIBRARIES).rglob("*.*")}


@cache
def _step(folder: Path, file: str) -> str:
    return "".join(dict.fromkeys(_texts(folder, file)))


def _texts(folder: Path, file: str) -> Iterator[str]:
    text = _script(folder, file)
    for library in _LIBRARY.findall(text):
        yield from _texts(folder, library)
    yield text


@cache
def _inputs(folder: Path, file: str) -> tuple[str, ...]:
    return tuple(sorted(declared_inputs(_step(folder, file))))


@cache
def _sent(folder: Path, file: str) -> str:
    return run_lines(_script(folder, PRELUDE)) + "".join(map(run_lines, dict.fromkeys(_texts(folder, file))))


@cache
def _digest(folder: Path, file: str) -> str:
    return hashlib.sha256(_sent(folder, file).encode()).hexdigest()[:12]
