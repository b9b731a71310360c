"""A copy of the project with a stack of its own, in which a test may change anything."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
import zstandard

from config.images.lock import LOCK_FILE

ROOT = Path(__file__).parents[2]
STACK = "e2e"
UP_SECONDS = 900
# Most conditions are programs that are run, beside labs that want the processor.
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    output: str


class Project:
    """pulumi and make, run in the copy as a user would after `. .rig/env`. Labs side by side differ in their stack."""

    def __init__(self, directory: Path, environment: Mapping[str, str], stack: str = STACK) -> None:
        self.directory = directory
        self.stack = stack
        self.environment: dict[str, str] = {**environment, "NO_COLOR": "1"}
        self.log = directory / "output.log"

    @classmethod
    def copy(cls, directory: Path, shipped: str, prefix: str, stack: str = STACK) -> "Project":
        """Copy the tracked files, with a shipped stack as `stack`; its nodes' names get `prefix` before them."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        for shared in (".venv", ".rig"):
            (directory / shared).symlink_to(ROOT / shared)
        (directory / ".state").mkdir()
        project = cls(directory, os.environ, stack)
        content = yaml.safe_load((ROOT / f"stacks/Pulumi.{shipped}.yaml").read_text())
        content.pop("encryptionsalt", None)
        content["config"]["kubelab:site"] = str(ROOT / ".rig/site.yaml")
        nodes = content["config"]["kubelab:nodes"]
        content["config"]["kubelab:nodes"] = {f"{prefix}{name}": settings for name, settings in nodes.items()}
        project.write_stack(content)
        return project

    @property
    def stack_file(self) -> Path:
        return self.directory / f"stacks/Pulumi.{self.stack}.yaml"

    @property
    def site_file(self) -> Path:
        """The site that the stack file names."""
        return Path(self.read_stack()["config"]["kubelab:site"])

    def read_stack(self) -> dict[str, Any]:
        """The stack file as data."""
        loaded: dict[str, Any] = yaml.safe_load(self.stack_file.read_text())
        return loaded

    @property
    def runtimes(self) -> dict[str, str]:
        """Node -> the runtime that the stack file declares."""
        config = self.read_stack()["config"]
        common = config["kubelab:cluster"]["runtime"]
        return {name: node.get("runtime", common) for name, node in config["kubelab:nodes"].items()}

    @property
    def nodes(self) -> dict[str, str]:
        """Node -> its role."""
        return {name: node["role"] for name, node in self.read_stack()["config"]["kubelab:nodes"].items()}

    def write_stack(self, stack: object) -> None:
        """Replace the stack file."""
        self.stack_file.write_text(yaml.safe_dump(stack, sort_keys=False))

    def set_node(self, name: str, settings: Mapping[str, object]) -> None:
        """Declare `settings` for one node, beside what it is and where."""
        stack = self.read_stack()
        nodes = stack["config"]["kubelab:nodes"]
        kept = {key: nodes[name][key] for key in ("role", "host", "address", "image") if key in nodes[name]}
        nodes[name] = {**kept, **settings}
        self.write_stack(stack)

    def set_cluster(self, settings: Mapping[str, object]) -> None:
        """Declare `settings` for the cluster, beside what is declared already."""
        stack = self.read_stack()
        stack["config"]["kubelab:cluster"] |= settings
        self.write_stack(stack)

    def declare(self, key: str, value: object) -> None:
        """Declare what the stack file has below `kubelab:<key>`, in place of what it has there."""
        stack = self.read_stack()
        stack["config"][f"kubelab:{key}"] = value
        self.write_stack(stack)

    def set_site(self, site: object) -> None:
        """Build on another site than the rig's: the site file's content, its paths absolute; images are the rig's."""
        file = self.directory / "site.yaml"
        lock = ROOT / ".rig" / LOCK_FILE
        if lock.exists():
            shutil.copyfile(lock, file.with_name(LOCK_FILE))
        file.write_text(yaml.safe_dump(site, sort_keys=False))
        self.declare("site", str(file))

    def run(self, *command: str, seconds: int = UP_SECONDS) -> Result:
        """Run a command in the copy; its output is also kept in the log, which a later test searches for secrets."""
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}")
        return Result(done.returncode, done.stdout)

    def pulumi(self, *arguments: str, seconds: int = UP_SECONDS) -> Result:
        """Run pulumi on the stack and demand that it succeeds."""
        result = self.run("pulumi", *arguments, "--stack", self.stack, "--non-interactive", seconds=seconds)
        assert result.code == 0, result.output
        return result

    def up(self, seconds: int = UP_SECONDS) -> Result:
        """pulumi up, without asking."""
        return self.pulumi("up", "--yes", "--skip-preview", seconds=seconds)

    def preview_nothing(self) -> None:
        """pulumi preview, which must have nothing to do."""
        self.pulumi("preview", "--expect-no-changes")

    def doctor(self) -> Result:
        """make doctor, whatever it finds."""
        return self.run("make", "doctor", f"STACK={self.stack}")

    def outputs(self, *, show_secrets: bool = False) -> dict[str, object]:
        """The stack's outputs."""
        arguments = ["stack", "output", "--json", *(["--show-secrets"] if show_secrets else [])]
        result = subprocess.run(
            ["pulumi", *arguments, "--stack", self.stack],
            cwd=self.directory,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        loaded: dict[str, object] = json.loads(result.stdout)
        return loaded

    def state(self) -> str:
        """The state's text."""
        return unpacked(self.state_file)

    @property
    def state_file(self) -> Path:
        """The state as it stands on the disk."""
        return self.directory / f".state/.pulumi/stacks/kubelab/{self.stack}.json.zst"

    def kill_up_when(self, line: str, condition: Callable[[], bool]) -> None:
        """Start pulumi up and SIGKILL the engine once it printed a line like `line` and `condition` holds."""
        engine = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", self.stack],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(UP_SECONDS, engine.kill)
        watchdog.start()
        seen: list[str] = []
        try:
            assert engine.stdout is not None
            for printed in engine.stdout:
                seen.append(printed)
                if re.search(line, printed):
                    break
            else:
                raise AssertionError(f"no line like {line!r} before the end:\n{''.join(seen)}")
            wait_for(condition, 120, f"the condition after {line!r}")
        finally:
            watchdog.cancel()
            engine.send_signal(signal.SIGKILL)
            engine.wait()
            with self.log.open("a") as log:
                log.writelines(seen)


def unpacked(file: Path) -> str:
    """The text of a state, of a backup or of a checkpoint, which the engine packed."""
    with zstandard.ZstdDecompressor().stream_reader(file.read_bytes()) as content:
        return content.read().decode()


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `condition` holds; an AssertionError names what did not happen."""
    waiter = threading.Event()
    for _ in range(int(seconds / POLL_SECONDS)):
        if condition():
            return
        waiter.wait(POLL_SECONDS)
    raise AssertionError(f"waited {seconds} s for {what}")


def changes(output: str) -> list[str]:
    """The resources that an up or a preview printed as created, updated, replaced or deleted; components left out."""
    found = re.findall(r"^ *(?:\+|-|~|\+-|-\+|\+\+|--) +(kubelab:index:\w+|command:remote:\w+) (\S+)", output, re.M)
    return sorted({f"{kind.rpartition(':')[2]} {name}" for kind, name in found})


def changed_in_detail(output: str) -> list[str]:
    """What `changes` finds, from what a preview with --diff printed."""
    found = re.findall(
        r"^ *(?:\+|-|~|\+-|-\+|\+\+|--) ?(kubelab:index:\w+|command:remote:\w+): \(\w+\)$"
        r"(?:\n +\[id=.*\])?\n +\[urn=.*::(\S+)\]$",
        output,
        re.M,
    )
    return sorted({f"{kind.rpartition(':')[2]} {name}" for kind, name in found})
