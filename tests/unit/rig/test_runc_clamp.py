"""What stands before runc where a process may not lower its oom_score_adj: which file it changes, and how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rig.node.files import runc_clamp

HAVE = frozenset({"CAP_CHOWN", "CAP_KILL"})


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ("--root /run/runc --log /x/log.json create --bundle /b --pid-file /p id", "/b/config.json"),
        ("--systemd-cgroup run --bundle=/b id", "/b/config.json"),
        ("create id", "./config.json"),
        ("restore -b /b id", "/b/config.json"),
        ("--root /run/runc exec --process /p.json id", "/p.json"),
        ("exec -p=/p.json id", "/p.json"),
        ("exec id sh", None),
        ("--log /x/create state id", None),
        ("delete --force create", None),
        ("", None),
    ],
)
def test_only_what_says_how_a_process_is_run_is_changed(arguments: str, file: str | None) -> None:
    assert runc_clamp.file_to_clamp(arguments.split()) == file


def test_a_containers_score_is_not_below_the_callers_and_its_capabilities_are_the_nodes() -> None:
    sets = {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "ambient": None, "effective": []}
    document = {"ociVersion": "1", "process": {"args": ["sh"], "oomScoreAdj": -998, "capabilities": sets}}
    assert runc_clamp.clamped(document, 100, HAVE) == {
        "ociVersion": "1",
        "process": {
            "args": ["sh"],
            "oomScoreAdj": 100,
            "capabilities": {"bounding": ["CAP_CHOWN"], "ambient": None, "effective": []},
        },
    }


def test_a_process_alone_is_changed_too_and_a_higher_score_stays() -> None:
    assert runc_clamp.clamped({"args": ["sh"], "oomScoreAdj": 1000}, 0, HAVE) == {"args": ["sh"], "oomScoreAdj": 1000}
    assert runc_clamp.clamped({"args": ["sh"]}, 0, HAVE) == {"args": ["sh"], "oomScoreAdj": 0}


def test_capabilities_are_named_by_their_bits_as_the_kernel_has_them() -> None:
    assert runc_clamp.named(1 << 0 | 1 << 24 | 1 << 40) == {
        "CAP_CHOWN",
        "CAP_SYS_RESOURCE",
        "CAP_CHECKPOINT_RESTORE",
    }


def test_runc_gets_its_arguments_and_a_file_of_the_same_mode(tmp_path: Path) -> None:
    runc = tmp_path / "runc"
    runc.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    runc.chmod(0o755)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": {"oomScoreAdj": -999}}))
    config.chmod(0o640)
    script = Path(runc_clamp.__file__).read_text().replace("/usr/bin/runc", str(runc))
    (tmp_path / "clamp").write_text(script)
    argv = [sys.executable, "-IS", str(tmp_path / "clamp"), "create", "--bundle", str(tmp_path), "an id"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"create|--bundle|{tmp_path}|an id|"
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert json.loads(config.read_text())["process"]["oomScoreAdj"] == max(own, -999)
    assert config.stat().st_mode & 0o777 == 0o640
    assert os.access(runc_clamp.__file__, os.X_OK)
