"""The examples: the script runs with a kubectl that answers as a cluster with gVisor does."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from components.handlers import HANDLERS
from components.steps.handlers import MANAGED

EXAMPLES = Path(__file__).parents[2] / "examples"
KUBECTL = r"""#!/usr/bin/env bash
echo "$*" >>"$CALLS"
case " $* " in
  *' get runtimeclasses '*) printf '%s' "$CLASSES" ;;
  *' apply '*) cat >"$APPLIED" ;;
  *' exec by-default '*version*) echo 'content of file "/proc/version": Linux version 6.1.0-20-amd64' ;;
  *' exec by-gvisor '*version*) echo 'content of file "/proc/version": Linux version 4.19.0-gvisor' ;;
  *' exec by-default '*) printf 'content of file "/proc/self/status": Name:\tx\nCapEff:\t00000000a80425fb\n' ;;
  *' exec by-gvisor '*) printf 'content of file "/proc/self/status": Name:\tx\nCapEff:\t00000000a80405fb\n' ;;
  *by-default:80/proxy/dev/*) printf '<pre>\n<a href="null">null</a>\n<a href="mqueue/">mqueue/</a>\n</pre>\n' ;;
  *by-gvisor:80/proxy/dev/*) printf '<pre>\n<a href="null">null</a>\n<a href="net/">net/</a>\n</pre>\n' ;;
  *nodeName*) printf w1 ;;
esac
"""


def run(folder: Path, classes: str) -> subprocess.CompletedProcess[str]:
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "APPLIED": str(folder / "applied"),
        "CLASSES": classes,
    }
    return subprocess.run(
        ["bash", EXAMPLES / "side-by-side.sh"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_each_class_is_shown_beside_the_ordinary_pod_with_what_differs(tmp_path: Path) -> None:
    done = run(tmp_path, "gvisor\n")
    assert done.returncode == 0, done.stderr
    ordinary, sandboxed = done.stdout.strip().split("\n\n")
    assert "Linux version 6.1.0-20-amd64" in ordinary
    assert "chown" in ordinary
    assert "Linux version 4.19.0-gvisor" in sandboxed
    assert "-net_raw" in sandboxed
    assert "+net/" in sandboxed
    assert "-mqueue/" in sandboxed
    pods = {each["metadata"]["name"]: each["spec"] for each in yaml.safe_load_all((tmp_path / "applied").read_text())}
    assert {name: spec.get("runtimeClassName") for name, spec in pods.items()} == {
        "by-default": None,
        "by-gvisor": "gvisor",
    }
    assert "delete namespace" in (tmp_path / "calls").read_text()


def test_a_cluster_without_handlers_is_told_what_to_declare(tmp_path: Path) -> None:
    done = run(tmp_path, "")
    assert done.returncode == 1
    assert "handlers: [gvisor]" in done.stderr


def test_classes_are_found_by_the_label_that_kubelab_gives_them() -> None:
    ((key, value),) = MANAGED.items()
    assert f"{key}={value}" in (EXAMPLES / "side-by-side.sh").read_text()


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.name)
def test_a_manifest_names_a_class_that_a_handler_has(file: Path) -> None:
    (document,) = yaml.safe_load_all(file.read_text())
    assert document["spec"]["template"]["spec"]["runtimeClassName"] in HANDLERS
