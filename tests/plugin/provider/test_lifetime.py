"""The plugin's process: it ends with its engine, stops changing things at once, and can be cancelled."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import configuration, machine_properties, mark_of
from tests.plugin.provider.driver import (
    ENTRY,
    IMAGE,
    KEY_PAIR,
    MACHINE,
    PROJECT,
    Plugin,
    RefusedError,
    UnfinishedError,
    wrapped,
)
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, PASSWORD, Simulator

MACHINE_INPUTS = {
    "name": "w1",
    "cpus": 1,
    "memoryMiB": 512,
    "diskGiB": 2,
    "nestedVirtualization": False,
    "image": "[datastore] base/disk.vmdk",
    "imageSha256": "0" * 64,
    "datastore": DATASTORE,
    "network": "VM Network",
    "machineNetwork": "10.87.0.0/24",
    "sshUser": "lab",
    "sshPublicKey": "ssh-ed25519 AAAA lab",
    "hostKeyPrivate": "a private key",
    "hostKeyPublic": "ssh-ed25519 AAAA w1",
}
SIGNALS = 64
END_SECONDS = 30  # far more than it takes; the tests wait for the end, not for this long
CHANGING = {"MakeDirectory", "CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task", "DeleteDatastoreFile_Task"}


@pytest.fixture
def engine_process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An engine that can be killed, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.plugin.command.fake_engine"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


@pytest.fixture
def mortal(
    engine_process: tuple[subprocess.Popen[str], str], tmp_path: Path, simulator: Simulator, proxy: FaultProxy
) -> Iterator[Plugin]:
    """A configured plugin whose engine can be killed."""
    plugin = Plugin(engine_process[1], tmp_path)
    plugin.configure(configuration(simulator, port=proxy.port))
    yield plugin
    plugin.stop()


def inputs_of(plugin: Plugin, ova: Ova) -> dict[str, Any]:
    """The inputs of a machine whose guest never has an address; its image is imported."""
    keys = plugin.create(KEY_PAIR, "key", wrapped({"comment": "w1"})).outputs
    source = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": "VM Network"}
    image = plugin.create(IMAGE, "image", wrapped(source)).outputs
    return {
        **MACHINE_INPUTS,
        "image": image["diskPath"],
        "imageSha256": ova.sha256,
        "sshPublicKey": keys["publicKey"],
        "hostKeyPrivate": keys["privateKey"],
        "hostKeyPublic": keys["publicKey"],
    }


def test_the_plugin_ends_with_a_killed_engine_and_logs_out(
    engine_process: tuple[subprocess.Popen[str], str], mortal: Plugin, proxy: FaultProxy, ova: Ova
) -> None:
    inputs_of(mortal, ova)
    engine_process[0].kill()

    assert mortal.process.wait(timeout=END_SECONDS) == 0
    assert proxy.seen["Logout"] == 1


def test_a_create_in_progress_changes_nothing_after_its_engine_was_killed(
    engine_process: tuple[subprocess.Popen[str], str],
    mortal: Plugin,
    simulator: Simulator,
    proxy: FaultProxy,
    ova: Ova,
) -> None:
    inputs = inputs_of(mortal, ova)
    proxy.seen.clear()
    ended = threading.Event()

    def kill_and_wait() -> None:
        engine_process[0].kill()
        mortal.process.wait(timeout=END_SECONDS)
        ended.set()

    proxy.add(Rule("CopyVirtualDisk_Task", Action.CALL_AFTER, call=kill_and_wait))
    with pytest.raises(RefusedError):
        mortal.create(MACHINE, "w1", machine_properties(inputs))

    assert ended.wait(END_SECONDS)
    assert proxy.seen["MakeDirectory"] == 1
    assert not (CHANGING - {"MakeDirectory"}) & set(proxy.seen)
    assert "w1" not in simulator.machines()


def test_a_wait_for_an_address_ends_with_its_engine(
    engine_process: tuple[subprocess.Popen[str], str], mortal: Plugin, proxy: FaultProxy, ova: Ova
) -> None:
    inputs = inputs_of(mortal, ova)
    proxy.add(Rule("PowerOnVM_Task", Action.CALL_AFTER, call=engine_process[0].kill))
    with pytest.raises(RefusedError):
        mortal.create(MACHINE, "w1", machine_properties(inputs), seconds=600)
    mortal.process.wait(timeout=END_SECONDS)


def test_a_plugin_lives_as_long_as_its_engine(mortal: Plugin) -> None:
    """Longer than the watch takes to give an engine up."""
    with pytest.raises(subprocess.TimeoutExpired):
        mortal.process.wait(timeout=5)
    assert mortal.create(KEY_PAIR, "key", wrapped({"comment": "still there"})).id


def test_a_cancelled_create_ends_promptly_and_its_machine_is_kept(
    configured: Plugin, engine: FakeEngine, simulator: Simulator, ova: Ova
) -> None:
    inputs = inputs_of(configured, ova)
    with ThreadPoolExecutor(max_workers=1) as pool:
        creating = pool.submit(configured.create, MACHINE, "w1", machine_properties(inputs), seconds=600)
        engine.wait_for("waiting for an address")
        configured.call("Cancel", Empty())
        with pytest.raises(UnfinishedError, match=r"w1 .*: cancelled"):
            creating.result(timeout=END_SECONDS)
    assert simulator.extra_config("w1")["kubelab.owner"] == mark_of("w1", inputs)


def test_a_check_is_answered_while_twenty_creates_wait(configured: Plugin, simulator: Simulator, ova: Ova) -> None:
    inputs = inputs_of(configured, ova)

    def create(number: int) -> None:
        name = f"n{number}"
        with pytest.raises(UnfinishedError, match="cancelled"):
            configured.create(MACHINE, name, machine_properties(inputs, name=name), seconds=600)

    with ThreadPoolExecutor(max_workers=20) as pool:
        creating = [pool.submit(create, number) for number in range(20)]
        simulator.wait_until_on({f"n{number}" for number in range(20)})
        assert configured.check(KEY_PAIR, wrapped({"comment": "x"}))[1] == {}
        configured.call("Cancel", Empty())
        for one in creating:
            one.result(timeout=END_SECONDS)


def test_a_terminated_plugin_logs_out(configured: Plugin, proxy: FaultProxy, ova: Ova) -> None:
    inputs_of(configured, ova)
    configured.process.terminate()
    assert configured.process.wait(timeout=END_SECONDS) == 0
    assert proxy.seen["Logout"] == 1


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
