"""What stands before the programs of a running system while an image is made, tried with the real shell."""

import subprocess
from pathlib import Path

import pytest

from images.baked import bake as baking

STAND_INS = baking.FILES / "stand-ins"


class TestStandIns:
    """What stands before systemctl in the root of an image, tried with the real shell."""

    @pytest.fixture
    def systemctl(self, tmp_path: Path) -> list[str]:
        """The stand-in with folders of the test's own."""
        units, state = tmp_path / "units", tmp_path / "state"
        units.mkdir()
        state.mkdir()
        text = (STAND_INS / "systemctl.sh").read_text()
        assert "/run/kubelab-daemons" in text
        assert "folders=(/etc/systemd/system " in text
        text = text.replace("/run/kubelab-daemons", str(state)).replace("/etc/systemd/system ", f"{units} ", 1)
        (tmp_path / "systemctl").write_text(text)
        (tmp_path / "values").write_text("B='from a file'\n")
        (units / "below.service").write_text("[Service]\nExecStart=/bin/sleep 600\n")
        (units / "above.service").write_text(
            "[Unit]\nWants=network.target \\\n  below.service\n[Service]\nEnvironment=A=said\n"
            f"EnvironmentFile=-{tmp_path}/values\nEnvironmentFile=-{tmp_path}/none\n"
            f"ExecStart=/bin/sh -c 'echo \"$A, $B\" >{tmp_path}/said; exec sleep 600'\n"
        )
        return ["bash", str(tmp_path / "systemctl")]

    def test_a_service_runs_with_what_it_needs_until_all_are_stopped(
        self, systemctl: list[str], tmp_path: Path
    ) -> None:
        def ask(*words: str) -> int:
            return subprocess.run([*systemctl, *words], timeout=60, check=False).returncode

        assert ask("is-active", "--quiet", "above") == 3
        try:
            assert ask("restart", "above") == 0
            assert (ask("is-active", "--quiet", "above"), ask("is-active", "below.service")) == (0, 0)
            first = (tmp_path / "state/above.pid").read_text()
            assert ask("start", "above") == 0
            assert (tmp_path / "state/above.pid").read_text() == first
            assert ask("restart", "above") == 0
            assert (tmp_path / "state/above.pid").read_text() != first
        finally:
            assert ask("stop-all") == 0
        assert (ask("is-active", "above"), ask("is-active", "below")) == (3, 3)
        assert ask("daemon-reload") == 0
        assert ask("start", "unknown") == 1
