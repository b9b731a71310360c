"""The plugin's life: it ends with its engine, stops changing things at once, and can be cancelled."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import configuration, machine_properties, mark_of
from tests.plugin.provider.driver import KEY_PAIR, MACHINE, PROJECT, Plugin, RefusedError, UnfinishedError, wrapped
from tests.plugin.provider.waiting_machine import inputs_of
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import Simulator

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
        with pytest.raises(UnfinishedError, match=r"w1.*: cancelled; it stays as it is, marked; the next up"):
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
