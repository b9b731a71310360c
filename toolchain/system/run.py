"""Running a command to its end, with its output kept where a failure can show it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.errors import SetupError, last_lines


def logged(
    argv: Sequence[str],
    log: Path,
    doing: str,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float = 3600.0,
) -> None:
    """Runs a command with stdout and stderr appended to `log`; SetupError with its last lines when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(argv)}\n".encode())
        sink.flush()
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=dict(environ), cwd=cwd, timeout=timeout
            )
        except FileNotFoundError as error:
            raise SetupError(f"{doing}: no program {argv[0]}; run `make setup`") from error
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"{doing}: not done after {timeout:.0f} s; log: {log}", last_lines(log)) from error
    if done.returncode != 0:
        raise SetupError(f"{doing}: {argv[0]} ended with {done.returncode}; log: {log}", last_lines(log))


def answer(
    argv: Sequence[str],
    doing: str,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float = 60.0,
    given: str = "",
) -> str:
    """What a command, which reads `given` from stdin, prints to stdout; SetupError with its stderr when it fails."""
    try:
        done = subprocess.run(
            argv,
            input=given,
            capture_output=True,
            text=True,
            env=dict(environ),
            cwd=cwd,
            timeout=timeout,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise SetupError(f"{doing}: no program {argv[0]}; run `make setup`") from error
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{doing}: {argv[0]} gave no answer within {timeout:.0f} s") from error
    if done.returncode != 0:
        evidence = tuple(done.stderr.strip().splitlines()[-5:])
        raise SetupError(f"{doing}: {argv[0]} ended with {done.returncode}", evidence)
    return done.stdout
