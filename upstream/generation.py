"""Building the Go program with a version of Kubernetes, and what it prints as the text of a file of facts."""

import json
import os
import tempfile
from pathlib import Path

from toolchain.build.golang import build_environment
from toolchain.system import run
from upstream import modules

VERSIONS = {"1.35": "1.35.4", "1.36": "1.36.3", "1.37": "1.37.2"}
"""By minor the version that is read: settings do not change within a minor, feature gates hardly."""

FACTS = Path(__file__).parents[1] / "config" / "kubernetes"
# Those of the lab's own Kubernetes, so that what it has compiled is not compiled again.
_TAGS = "grpcnotrace,no_btrfs,no_zfs,notest,selinux,urfave_cli_no_docs"
_BUILD = ("-trimpath", "-ldflags", "-s -w", "-tags", _TAGS)


def file_of(minor: str) -> Path:
    """Where the facts of a minor lie."""
    return FACTS / f"{minor}.json"


def generated(version: str, go: Path) -> str:
    """The facts of a version of Kubernetes, which is fetched as Go modules if it is not there. Raises SetupError."""
    environ = build_environment(os.environ, cgo=False)
    environ["GOFLAGS"] = "-mod=mod -buildvcs=false"
    with tempfile.TemporaryDirectory(prefix="kubelab-upstream-") as name:
        folder = Path(name)
        argv = [str(go), "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
        found = run.answer(argv, f"downloading Kubernetes {version}", environ, cwd=folder, timeout=1200)
        modules.write(Path(json.loads(found)["Dir"]), version, folder)
        return _printed(version, [str(go), "build", *_BUILD, "-o", "settings", "."], environ, folder, folder)


def generated_in(module: Path, version: str, go: Path) -> str:
    """The same by a module that has all of Kubernetes already, as the embedded lab's has; nothing is written there."""
    environ = build_environment(os.environ, cgo=False)
    with tempfile.TemporaryDirectory(prefix="kubelab-upstream-") as name:
        folder = Path(name)
        overlay = folder / "overlay.json"
        places = {str(module / "settings" / file.name): str(file) for file in modules.sources()}
        overlay.write_text(json.dumps({"Replace": places}))
        argv = [str(go), "run", "-overlay", str(overlay), *_BUILD, "./settings"]  # which keeps what it linked
        printed = run.answer(argv, f"asking Kubernetes {version}", environ, cwd=module, timeout=3600)
        return rendered(version, json.loads(printed))


def _printed(version: str, build: list[str], environ: dict[str, str], module: Path, folder: Path) -> str:
    run.answer(build, f"building with Kubernetes {version}", environ, cwd=module, timeout=3600)
    printed = run.answer([str(folder / "settings")], f"asking Kubernetes {version}", environ)
    return rendered(version, json.loads(printed))


def rendered(version: str, found: dict[str, object]) -> str:
    """What the program printed, as the text of the file: a line for each structure and each argument's component."""
    facts = {"version": version, "generatedBy": "python -m upstream", **found}
    lines = [f"{json.dumps(key)}: {_block(value)}" for key, value in facts.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _block(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    lines = [f"  {json.dumps(key)}: {json.dumps(each)}" for key, each in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}"
