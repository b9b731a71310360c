"""Questions of the host that nobody answers: shown at once with their choices, and never answered here."""

import pytest

from provider.vsphere.api import tasks
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import TimedOutError
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import Drivers, resized
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import QUESTION, replace_in, show
from tests.vsphere.simulator import Simulator

SHOWN = (
    r'it waits for an answer to "msg\.uuid\.moved: Did you move it, or copy it\?" \(choices: Cancel, I Moved It\); '
    r"nothing was answered; answer it on the host's web page, then run up again"
)


@pytest.mark.case("V11")
def test_a_power_on_that_waits_for_an_answer_ends_with_the_question(
    proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    show(proxy, "VirtualMachine", "runtime.question", QUESTION)
    replace_in(proxy, "WaitForUpdatesEx", ">success</val>", ">running</val>")
    with pytest.raises(HalfMadeError, match=SHOWN):
        driver.machines.create(w1, "kubelab/test/w1", 30)
    assert not proxy.seen["AnswerVM"]


@pytest.mark.case("V11")
def test_a_machine_with_a_question_is_not_changed(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    before = dict(proxy.seen)
    show(proxy, "VirtualMachine", "runtime.question", QUESTION)
    with pytest.raises(HalfMadeError, match=f"configuring machine w1: {SHOWN}"):
        driver.update(resized(w1, cpus=4))
    assert proxy.seen["ReconfigVM_Task"] == before["ReconfigVM_Task"]
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"


@pytest.mark.case("V11")
def test_a_question_that_comes_while_an_address_is_waited_for_ends_the_wait(
    proxy: FaultProxy, log_in: Drivers, silent: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.when("PowerOnVM_Task", lambda: show(proxy, "VirtualMachine", "runtime.question", QUESTION))
    with pytest.raises(HalfMadeError, match=SHOWN):
        driver.create(silent, seconds=60)


@pytest.mark.case("V11")
def test_a_machine_with_a_question_can_be_destroyed(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    show(proxy, "VirtualMachine", "runtime.question", QUESTION)
    driver.destroy(w1)
    assert "w1" not in simulator.machines()


@pytest.mark.case("V11")
def test_a_suspended_machine_is_resumed_before_it_is_changed(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    simulator.run_task(simulator.machines()["w1"].SuspendVM_Task())
    driver.update(resized(w1, memory_mib=2048))
    assert "resuming it, as a suspended machine takes no changes" in driver.progress
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"


@pytest.mark.case("V11")
def test_a_task_without_end_is_told_with_what_the_machine_shows(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    ref = simulator.machines()["w1"]
    machine = type(ref)(ref._moId, driver.place.session.content.sessionManager._stub)
    replace_in(proxy, "WaitForUpdatesEx", ">success</val>", ">running</val>")
    seen = r"resetting: not done after 1 s; last seen: power state poweredOn, connection connected"
    with pytest.raises(TimedOutError, match=seen):
        tasks.run(driver.place.session, "resetting", machine.ResetVM_Task, seconds=1, machine=machine)
