"""Tasks that other people run in the vCenter: they are not waited for, and those that may be ours are."""

from dataclasses import replace

import pytest

from provider.vsphere.api import tasks
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import ForeignError, TimedOutError
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.shown import MANY, showing
from tests.vsphere.simulator import USER, Simulator
from tests.vsphere.vcenter.conftest import LogIn, create


@pytest.fixture(autouse=True)
def shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that do not end are not waited for long."""
    monkeypatch.setattr(tasks, "SETTLE_SECONDS", 1.0)


def never_end(proxy: FaultProxy) -> None:
    """From now on all tasks are shown as running, to who lists them."""
    method, rewrite = showing("Task", "info.state", '<val xsi:type="TaskInfoState">running</val>')[0]
    proxy.add(Rule(method, Action.REWRITE_ANSWER, MANY, rewrite=rewrite))


def clone_of_others(vcenter: Simulator) -> None:
    """Somebody else clones a machine that is none of ours."""
    vcenter.create_foreign("theirs")
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=vcenter.place.pool), powerOn=False, template=False)
    theirs = vcenter.machines()["theirs"]
    vcenter.run_task(theirs.CloneVM_Task(vcenter.place.folder, "their clone", spec))


def test_a_clone_that_others_make_of_their_machine_is_not_waited_for(
    vcenter: Simulator, enter: LogIn, through: FaultProxy
) -> None:
    session = enter(through=through).place.session
    clone_of_others(vcenter)
    never_end(through)
    kinds = ("virtualmachine.clonevm",)
    tasks.settle(session, "creating machine w1", kinds, of=[vcenter.place.pool])
    with pytest.raises(TimedOutError, match=r"the host still runs VirtualMachine\.cloneVm"):
        tasks.settle(session, "creating machine w1", kinds, of=[vcenter.machines()["theirs"]])


@pytest.mark.parametrize("user", [USER, USER.upper()])
def test_a_clone_that_our_own_user_makes_is_waited_for(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, user: str
) -> None:
    session = enter(through=through).place.session
    clone_of_others(vcenter)
    method, running = showing("Task", "info.state", '<val xsi:type="TaskInfoState">running</val>')[0]

    def ours(answer: bytes) -> bytes:
        return running(answer).replace(b"<userName>vcsim<", f"<userName>{user}<".encode())

    through.add(Rule(method, Action.REWRITE_ANSWER, MANY, rewrite=ours))
    with pytest.raises(TimedOutError):
        tasks.settle(session, "creating machine w1", of=[])


def test_a_machine_that_is_somebodys_is_told_although_clones_of_the_template_do_not_end(
    vcenter: Simulator, enter: LogIn, through: FaultProxy, w1: DesiredMachine
) -> None:
    create(enter(), replace(w1, name="w2"))
    vcenter.create_foreign("w1")
    driver = enter(through=through)
    never_end(through)
    with pytest.raises(ForeignError, match=r"w1: .* has a machine of that name or instance UUID"):
        driver.create_alone(w1)
