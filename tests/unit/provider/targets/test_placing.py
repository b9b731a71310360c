"""Where machines are among several targets: by free memory when they are made, and there from then on."""

import json

import pytest

from provider.targets import placing
from provider.targets.settings import Settings, settings
from provider.vsphere.conditions.room import Room
from provider.vsphere.errors import RefusedError
from provider.wire import UNKNOWN, Properties

TARGETS = [
    {"targetName": name, "server": f"{name}.lab", "user": "root", "datastore": f"ds-{name}", "network": "net"}
    for name in ("r1", "r2")
]
KNOWN: Settings = settings({"targets": json.dumps(TARGETS), "owner": "kubelab/test", "formerNames": '{"old": "r2"}'})
FREE: Properties = {"name": "w1", "cpus": 2, "images": {"r1": "[ds-r1] disk", "r2": "[ds-r2] disk"}}
ON_R2 = {"name": "w1", "cpus": 2, "host": "r2", "datastore": "ds-r2", "network": "net", "image": "[ds-r2] disk"}


def wanted(**memory: int) -> list[Properties]:
    return [{"name": name, "memoryMiB": mib} for name, mib in memory.items()]


def test_machines_go_where_most_memory_is_free_the_largest_first() -> None:
    rooms = {"r1": Room(8000), "r2": Room(6000)}
    assert placing.plan(wanted(w1=1000, w2=4000, w3=4000), rooms, {}) == {"w2": "r1", "w3": "r2", "w1": "r1"}


def test_of_targets_that_are_alike_the_first_is_taken_first() -> None:
    rooms = {"r1": Room(4000), "r2": Room(4000)}
    assert placing.plan(wanted(w1=1000, w2=1000), rooms, {}) == {"w1": "r1", "w2": "r2"}


def test_a_host_with_more_promised_than_it_has_is_still_taken_if_others_have_less() -> None:
    assert placing.plan(wanted(w1=1000), {"r1": Room(-4000), "r2": Room(-100)}, {}) == {"w1": "r2"}


def test_what_is_there_already_stays_and_counts_once() -> None:
    rooms = {"r1": Room(4000), "r2": Room(3500, frozenset({"w1"}))}
    assert placing.plan(wanted(w1=1000, w2=1000, w3=1000), rooms, {}) == {"w1": "r2", "w2": "r1", "w3": "r2"}


def test_what_is_known_of_the_state_counts_before_all_else() -> None:
    rooms = {"r1": Room(4000), "r2": Room(9000)}
    planned = placing.plan(wanted(w1=1000, w2=1000), rooms, {"w1": "r1", "w2": "gone"})
    assert planned == {"w1": "r1", "w2": "r2"}


def test_a_machine_that_names_no_target_has_what_its_target_has() -> None:
    assert placing.placed(KNOWN, FREE, "r2") == ON_R2
    assert placing.placed(KNOWN, ON_R2, "r1") == ON_R2, "one that names its own has it of the program"


def test_before_it_is_made_nothing_of_its_target_is_known() -> None:
    shown = placing.not_placed_yet(FREE)
    assert {key: shown[key] for key in ("host", "datastore", "network", "image")} == dict.fromkeys(
        ("host", "datastore", "network", "image"), UNKNOWN
    )


def test_a_machine_that_is_made_stays_whatever_is_free_elsewhere() -> None:
    assert placing.stays(KNOWN, "w1", ON_R2, FREE) == ON_R2


def test_a_machine_is_on_the_target_that_has_another_name_now() -> None:
    assert placing.recorded(KNOWN, {"name": "w1", "host": "old"})["host"] == "r2"
    assert placing.recorded(KNOWN, {"name": "w1", "host": "r1"})["host"] == "r1"
    assert placing.recorded(Settings(former={"r1": ""}), {"name": "w1", "host": "r1"}) == {"name": "w1"}


def test_a_machine_whose_target_is_named_no_more_is_moved_by_word_alone() -> None:
    with pytest.raises(RefusedError) as refused:
        placing.stays(KNOWN, "w1", {"host": "r3"}, FREE)
    assert str(refused.value) == (
        "machine w1: it is on r3, which the site file names no more; name it again, or write host (r1, r2) at node w1 "
        "in the stack file, which makes the machine anew there"
    )
    assert placing.stays(KNOWN, "w1", {"host": "r3"}, ON_R2) == ON_R2


@pytest.mark.parametrize(("name", "words"), [("r2", "write host (r2)"), ("", "write host (the target's name, once")])
def test_a_machine_is_not_moved_to_the_one_target_that_is_left(name: str, words: str) -> None:
    left = settings({**({"targetName": name} if name else {}), "server": "r2.lab", "owner": "kubelab/test"})
    alone = {"name": "w1", "datastore": "ds", "network": "net", "image": "[ds] disk"}
    with pytest.raises(RefusedError) as refused:
        placing.stays(left, "w1", {"host": "r1"}, alone)
    assert words in str(refused.value)
    assert placing.stays(left, "w1", {"host": name}, alone) == {**alone, **({"host": name} if name else {})}
