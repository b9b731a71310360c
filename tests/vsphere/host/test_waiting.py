"""Who waits for what a host does: one property collector asks for all, and notices when its login is over."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from provider.vsphere import files
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import TimedOutError
from tests.vsphere.conftest import Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.shown import replace_in
from tests.vsphere.simulator import DATASTORE, Simulator

MANY = 12


def test_all_waits_of_a_session_share_one_collector_and_cost_a_call_each(proxy: FaultProxy, log_in: Drivers) -> None:
    place = log_in(proxy).place
    home = place.datastore(DATASTORE)
    with ThreadPoolExecutor(MANY) as pool:
        found = list(pool.map(lambda number: files.exists(place, home, f"no-folder-{number}"), range(2 * MANY)))
    assert found == [False] * 2 * MANY
    assert [proxy.seen[call] for call in ("CreatePropertyCollector", "CreateListView", "CreateFilter")] == [1, 1, 1]
    assert proxy.seen["ModifyListView"] <= 2 * MANY
    assert proxy.seen["DestroyPropertyCollector"] == 0


def test_waits_that_are_under_way_when_the_session_ends_are_taken_up_in_the_next(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers
) -> None:
    place = log_in(proxy).place
    home = place.datastore(DATASTORE)
    proxy.add(Rule("ModifyListView", Action.CALL_AFTER, times=2, call=simulator.end_other_sessions))
    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(lambda number: files.exists(place, home, f"no-folder-{number}"), range(MANY)))
    assert proxy.seen["Login"] > 1


def test_a_wait_that_the_host_never_answers_ends_with_its_time(proxy: FaultProxy, log_in: Drivers) -> None:
    place = log_in(proxy).place
    place.session.task_seconds = 0.5
    replace_in(proxy, "WaitForUpdatesEx", ">success</val>", ">running</val>")
    with pytest.raises(TimedOutError, match=r"looking for folder .* not done after 0\.5 s"):
        files.exists(place, place.datastore(DATASTORE), "no-folder")


def test_a_session_in_which_nothing_is_asked_is_kept_alive_until_it_is_closed(
    simulator: Simulator, proxy: FaultProxy
) -> None:
    session = Session(simulator.endpoint(port=proxy.port), CancelToken(), lambda *_: None, idle_seconds=0.05)
    asked = threading.Event()
    proxy.add(Rule("CurrentTime", Action.CALL_AFTER, call=asked.set))
    _ = session.content
    assert asked.wait(30)
    session.close()
    time.sleep(0.1)
    before = proxy.seen["CurrentTime"]
    time.sleep(0.2)
    assert proxy.seen["CurrentTime"] == before
    assert (proxy.seen["Login"], proxy.seen["Logout"]) == (1, 1)
