"""A pretended machine: a root directory of its own in which a step runs for real.

The machine's programs are bound into it read-only, and of processes it sees its own; commands that would need a real
machine (kubeadm, apt-get, ...) are the stand-ins in stubs/, which write down how they were called and keep what they
did as files.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from components import step
from components.step import render_stdin
from tests.shell.guest.fresh import FACTS, NODE_FILES

HERE = Path(__file__).parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CANNOT_ENTER = 97
STEP_LOG = "kubelab-steps.log"
# Waiting takes no time: bash takes this function for the command, and its clock goes on by more than what was slept.
# Only a process in the background needs real time to come up.
QUICK_SLEEP = {
    "BASH_FUNC_sleep%%": "() { if [[ $(jobs -pr) ]]; then command sleep 0.05; else ((SECONDS += 20 * $1)); fi; }"
}
# A pretended machine loses no power: what is to be on its disk has to be there, unless a test has a sync of its own.
QUICK_SYNC = {
    "BASH_FUNC_sync%%": """() {
  [[ ! -e /usr/local/sbin/sync ]] || { command sync "$@"; return; }
  local path
  for path in "$@"; do
    [[ -e $path ]] || { echo "sync: error opening '$path': No such file or directory" >&2; return 1; }
  done
}"""
}
ISOLATED = (
    *("unshare", "--mount", "--uts", "--net", "--cgroup", "--pid", "--fork", "--kill-child"),
    *("--propagation", "private", "--"),
)
# In a command's answer: every process of the machine is killed while a step waits for this command.
KILLED = "kill -KILL -1; exit 1"
# What of a machine a step may change, and the tests compare.
CHANGEABLE = ("etc", "home", "local/bin", "opt", "root", "run", "tmp", "var")

DIRECTORIES = (
    *("dev", "etc/alternatives", "local/answers", "local/bin", "proc", "root", "run", "tmp"),
    *("var/lib/guest", "var/log"),
)
LINKS = {"dev/fd": "/proc/self/fd", "var/run": "../run"}
PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


class File(NamedTuple):
    """What makes a file the same file: also its time, so that a file written anew with the same text shows."""

    mode: int
    changed: int
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        """The lines that say what went wrong."""
        return [line for line in self.stderr.splitlines() if line.startswith("error: ")]


def assert_one_error(result: Result, *shown: str) -> None:
    """The run failed with one error and nothing on stdout, and said these words."""
    assert (result.status, result.stdout) == (1, "")
    assert len(result.errors) == 1
    assert all(word in result.stderr for word in shown), result.stderr


class Guest:
    """One pretended machine, which outlives its runs. Paths are given as the machine sees them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for directory in DIRECTORIES:
            (root / directory).mkdir(parents=True)
        for program in map(Path, PROGRAMS):
            if program.is_symlink():
                (root / program.name).symlink_to(program.readlink())
            elif program.is_dir():
                (root / program.name).mkdir()
        if Path("/etc/alternatives/awk").is_symlink():
            (root / "etc/alternatives/awk").symlink_to(Path("/etc/alternatives/awk").readlink())
        for link, target in LINKS.items():
            (root / link).symlink_to(target)
        for name, text in NODE_FILES.items():
            self.write(f"/{name}", text)
        for fact, text in FACTS.items():
            self.state(fact, text)
        header = (HERE / "stub.sh").read_text()
        for stub in sorted((HERE / "stubs").iterdir()):
            self.write(f"/local/sbin/{stub.name}", f"#!/bin/bash\n{header}\n{stub.read_text()}", mode=0o755)

    def become(self, other: "Guest") -> None:
        """Turn into a copy of another machine."""
        shutil.rmtree(self.root)
        subprocess.run(["cp", "--archive", other.root, self.root], check=True)

    def path(self, path: str) -> Path:
        """Where a path of the machine is outside of it."""
        return self.root / path.lstrip("/").replace("usr/local/", "local/", 1)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file, with its directories."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str:
        """The text of a file, its line ends as they are."""
        return self.path(path).read_bytes().decode()

    def mode(self, path: str) -> int:
        """The permission bits of a file."""
        return (self.path(path)).stat().st_mode & 0o777

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory."""
        return (self.path(path)).exists()

    def remove(self, path: str) -> None:
        """Delete one file."""
        (self.path(path)).unlink()

    def state(self, fact: str, text: str) -> None:
        """Set a fact that the stand-ins answer from."""
        self.write(f"/var/lib/guest/facts/{fact}", f"{text}\n")

    def known(self, fact: str) -> str | None:
        """A fact that the stand-ins keep, None when there is none of that name."""
        path = f"/var/lib/guest/facts/{fact}"
        return self.read(path).rstrip("\n") if self.exists(path) else None

    def forget(self, fact: str) -> None:
        """Take back what `state` set."""
        self.remove(f"/var/lib/guest/facts/{fact}")

    def socket(self, path: str) -> None:
        """Put a socket there, at which nobody need listen."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        os.mknod(file, stat.S_IFSOCK | 0o660)

    def web(self, url: str, content: str | bytes) -> None:
        """Put a page where the stand-in of curl finds it."""
        page = self.path(f"/local/web/{url.partition('://')[2]}")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(content.encode() if isinstance(content, str) else content)

    def answer(self, command: str, body: str) -> None:
        """Let a command answer otherwise: bash that runs before its stand-in's own answer, and may end it by exit."""
        self.write(f"/local/answers/{command}", body)

    def as_usual(self, command: str) -> None:
        """Take back what `answer` set."""
        self.remove(f"/local/answers/{command}")

    def no_space_for(self, name: str) -> None:
        """Let no copy be made of what has a name with this in it."""
        text = f"""#!/bin/bash
[[ $* != *{name}* ]] || {{ echo "cp: error writing {name}: No space left on device" >&2; exit 1; }}
exec /usr/bin/cp "$@"
"""
        self.write("/local/sbin/cp", text, mode=0o755)

    def run(self, file: str, environment: Mapping[str, str], *arguments: str, then: str = "") -> Result:
        """Run one script as its step does: as text on the stdin of a root shell; `then` is more text after it."""
        return self.shell(["bash", "-s", "--", *arguments], render_stdin(file, environment) + then)

    def run_text(self, text: str, environment: Mapping[str, str] = MappingProxyType({})) -> Result:
        """Run the text of a script that is not one of ours, with the same prelude and libraries."""
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            shutil.copytree(step.SCRIPTS / step.LIBRARIES, Path(folder) / step.LIBRARIES)
            (Path(folder) / "test.sh").write_text(text)
            patch.setattr(step, "SCRIPTS", Path(folder))
            stdin = render_stdin("test.sh", environment)
        return self.shell(["bash", "-s"], stdin)

    def shell(self, command: Sequence[str], stdin: str) -> Result:
        """Run any command in the guest."""
        self.write("/local/calls", "")
        with self.start(command, stdin) as process:
            try:
                stdout, stderr = process.communicate(timeout=180)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        result = Result(process.returncode, stdout, stderr)
        if result.status == CANNOT_ENTER or (result.status != 0 and stderr.startswith("unshare: ")):
            pytest.fail(f"these tests need root and mount namespaces (as in a privileged container): {stderr}")
        return result

    def start(self, command: Sequence[str], stdin: str) -> subprocess.Popen[str]:
        """Start any command in the guest; the caller sees to its end."""
        environment = {"PATH": PATH, "HOME": "/root"} | QUICK_SLEEP | QUICK_SYNC
        given = [f"{name}={value}" for name, value in environment.items()]
        # A file, as whoever feeds a pipe must not end before its reader.
        with tempfile.TemporaryFile("w+") as text:
            text.write(stdin)
            text.seek(0)
            return subprocess.Popen(
                [*ISOLATED, "bash", str(HERE / "enter-guest.sh"), str(self.root), "env", "-i", *given, *command],
                stdin=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={"PATH": PATH},
            )

    def calls(self, of: str = "") -> list[str]:
        """The calls of the last run whose line holds `of`, in order."""
        return [line for line in self.read("/local/calls").splitlines() if of in line]

    def files(self) -> dict[str, File]:
        """Every file but the log of steps: two equal answers mean that nothing was changed in between."""
        found = {}
        for top in CHANGEABLE:
            for directory, _, names in os.walk(self.root / top):
                for path in (Path(directory) / name for name in names):
                    if not path.is_symlink() and path.name != STEP_LOG:
                        status = path.stat()
                        text = path.read_text(errors="replace") if path.is_file() else "no regular file"
                        found[f"/{path.relative_to(self.root)}"] = File(
                            status.st_mode & 0o777, status.st_mtime_ns, text
                        )
        return found
