"""The plugin's process: how it is started, what it loads and shows, and that no signal is lost."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import machine_properties
from tests.plugin.provider.driver import ENTRY, KEY_PAIR, MACHINE, PROJECT, Plugin, wrapped
from tests.plugin.provider.waiting_machine import MACHINE_INPUTS, inputs_of
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import PASSWORD

SIGNALS = 64


@pytest.mark.case("T7")
def test_a_signal_ends_the_plugin_at_whatever_moment_it_comes(engine: FakeEngine) -> None:
    """Told as soon as it serves: sent just as the plugin began to wait, a signal once was lost."""
    command = [sys.executable, "-m", "tests.plugin.provider.ended_at_once", engine.address, str(SIGNALS)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0"] * SIGNALS


@pytest.mark.case("T6")
@pytest.mark.parametrize(
    "flags",
    [
        ["-logtostderr", "-v=3"],
        ["--logtostderr", "-v=9", "--logflow", "-tracing", "file:///tmp/trace"],
        ["--a-flag-of-tomorrow=7", "--another", "with a value"],
    ],
)
def test_the_plugin_takes_the_flags_that_an_engine_gives_to_plugins(
    engine: FakeEngine, tmp_path: Path, flags: list[str]
) -> None:
    plugin = Plugin(engine.address, tmp_path, *flags, entry=ENTRY)
    assert plugin.check(KEY_PAIR, wrapped({"comment": "w1"}))[1] == {}
    plugin.stop()
    assert "usage" not in plugin.log


def test_no_thread_of_the_plugin_can_swallow_the_signal_that_ends_it(configured: Plugin, ova: Ova) -> None:
    """All block it, but the main one, which waits for it by name; a handler could miss it."""
    inputs_of(configured, ova)
    ending = 1 << signal.SIGTERM - 1 | 1 << signal.SIGINT - 1
    blocked = {
        int(path.parent.name): int(re.findall(r"SigBlk:\s+([0-9a-f]+)", path.read_text())[0], 16) & ending
        for path in Path(f"/proc/{configured.process.pid}/task").glob("*/status")
    }
    assert blocked.pop(configured.process.pid) == 0
    assert set(blocked.values()) == {ending}


def test_a_run_that_changes_nothing_loads_no_driver_and_no_sdk(engine: FakeEngine, tmp_path: Path) -> None:
    plugin = Plugin(engine.address, tmp_path, entry=ENTRY, PYTHONPROFILEIMPORTTIME="1")
    keys = wrapped({"comment": "w1"})
    assert plugin.check(KEY_PAIR, keys)[1] == {}
    plugin.configure({"server": "esxi.lab", "user": "root", "password": "secret", "owner": "kubelab/test"})
    machine = machine_properties(MACHINE_INPUTS)
    made = plugin.create(MACHINE, "w1", machine, preview=True)
    assert not plugin.diff(made, machine).diffs
    plugin.stop()

    loaded = {line.rpartition("|")[2].strip() for line in plugin.log.splitlines() if line.startswith("import time:")}
    assert {"provider.virtual_machine", "grpc"} <= loaded
    heavy = ("pyVmomi", "requests", "asyncssh", "cryptography", "yaml", "pulumi.resource", "provider.vsphere.api.sdk")
    assert [name for name in sorted(loaded) if name.startswith(heavy)] == []


def test_no_secret_is_in_the_process_list_or_the_log(configured: Plugin, ova: Ova) -> None:
    inputs = inputs_of(configured, ova)
    command_line = Path(f"/proc/{configured.process.pid}/cmdline").read_text()
    for secret in (PASSWORD, inputs["hostKeyPrivate"]):
        assert secret not in command_line
        assert secret not in configured.log


@pytest.mark.parametrize("arguments", [[], ["-v=3"], ["-tracing", "http://127.0.0.1:4317/"]])
def test_without_an_engine_address_the_plugin_says_how_it_is_started(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, str(PROJECT / "provider"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "usage: python provider <engine address>; this is a Pulumi plugin, started by the engine\n"
