"""What a stack wants inside its image: asked of the product, which alone knows stacks, by `python -m baking`."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from images.store import Baked
from toolchain.errors import SetupError
from toolchain.system.run import answer

PROJECT = Path(__file__).parents[2]
STACKS = PROJECT / "stacks"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Step:
    """A script for a root shell, `text`, which may hold secrets; `seconds`: how long it may take."""

    file: str
    seconds: int
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be inside: versions of Kubernetes and, by their words, of runtimes, and the steps that put it there.

    `name`: what the steps call the machine.
    """

    stack: str
    name: str
    kubernetes: str
    runtimes: Mapping[str, str]
    steps: tuple[Step, ...]

    @property
    def summary(self) -> str:
        """Such as `containerd 2.3.4, Kubernetes 1.36.3`."""
        return ", ".join(
            (*(f"{word} {version}" for word, version in self.runtimes.items()), f"Kubernetes {self.kubernetes}")
        )

    @property
    def baked(self) -> Baked:
        """What is said of an image that has it inside."""
        return Baked(self.stack, self.kubernetes, self.runtimes)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it: versions, names of images, sources of packages, and how the steps go about it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def stack_file(stack: str, folder: Path = STACKS) -> Path:
    """The file of a stack, which may be named as a path; SetupError when there is none."""
    file = Path(stack) if stack.endswith(".yaml") else folder / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(each.name.split(".")[1] for each in folder.glob("Pulumi.*.yaml")))
        raise SetupError(f"STACK: found {stack!r}, but there is no {file}; choose one of {known}, or write it")
    return file


def wish_of(file: Path, system: str, environ: Mapping[str, str]) -> Wish:
    """What the stack of a file wants inside an image of a system. SetupError, with all faults of the stack's files."""
    doing = f"asking what {file} needs"
    said = answer([sys.executable, "-m", "baking", str(file.absolute()), system], doing, environ, PROJECT, SECONDS)
    return parsed(said)


def parsed(text: str) -> Wish:
    """A wish in the form in which it is answered."""
    found = json.loads(text)
    return Wish(**{**found, "steps": tuple(Step(**step) for step in found["steps"])})
