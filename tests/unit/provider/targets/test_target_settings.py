"""The configuration of several targets: each as if it stood alone, and what is kept when names and targets change."""

import json
from typing import Any

import pytest

from provider.configuration import configuration
from provider.targets import settings
from provider.wire import UNKNOWN, Properties

R1 = {"targetName": "r1", "server": "one.lab", "port": 443, "user": "root", "datastore": "ds", "network": "net"}
R2 = {"targetName": "r2", "server": "two.lab", "port": 443, "user": "lab", "datastore": "ssd", "network": "other"}
ALONE: Properties = {"server": "one.lab", "port": 443, "user": "root", "password": "p1", "owner": "kubelab/test"}


def several(*targets: Properties, machines: object = (), **more: Any) -> Properties:
    passwords = {str(target["targetName"]): f"of {target['server']}" for target in targets}
    return {
        "targets": json.dumps(targets),
        "passwords": json.dumps(passwords),
        "owner": "kubelab/test",
        "machines": json.dumps(machines),
        **more,
    }


def checked(olds: Properties, news: Properties) -> Properties:
    """What the state has after a run with this configuration."""
    assert settings.faults(news) == {}
    assert settings.swapped(olds, news) is None
    return {**news, **settings.carried(olds, news)}


def machine(name: str, **where: str) -> Properties:
    return {"name": name, "diskGiB": 4, "memoryMiB": 1024, "datastore": "ds", "network": "net", **where}


def test_each_target_is_configured_as_if_it_stood_alone() -> None:
    pinned, free = machine("w1", host="r2"), {"name": "w2", "diskGiB": 4, "memoryMiB": 1024}
    known = settings.settings(several(R1, R2, machines=[pinned, free]))
    assert [*known.targets] == ["r1", "r2"]
    assert (known.targets["r2"]["user"], known.targets["r2"]["password"]) == ("lab", "of two.lab")
    assert [json.loads(known.targets[name]["machines"]) for name in ("r1", "r2")] == [[], [pinned]]
    assert known.homes["r2"] == {"datastore": "ssd", "network": "other"}
    assert known.unplaced == (free,)
    assert "datastore" not in known.targets["r2"]


def test_one_target_is_configured_as_before() -> None:
    known = settings.settings(ALONE)
    assert known.targets == {"": ALONE}
    assert settings.carried({}, ALONE) == {}
    assert settings.carried(ALONE, {**ALONE, "server": "other.lab", "password": "new"}) == {}


def test_passwords_that_are_not_known_yet_leave_targets_without_any_known() -> None:
    known = settings.settings(several(R1, R2, passwords=UNKNOWN))
    assert [target["password"] for target in known.targets.values()] == [UNKNOWN] * 2


def test_faults_of_all_targets_are_told_at_once() -> None:
    without_user = {key: value for key, value in R1.items() if key != "user"}
    assert settings.faults(several(without_user, {**R2, "port": 0, "colour": "red"}, shape="round")) == {
        "targets[r1].user": "missing",
        "targets[r2].port": "found 0, wanted a number from 1 to 65535",
        "targets[r2].colour": "unknown property",
        "shape": "unknown property",
    }


@pytest.mark.parametrize("text", ["{", '["r1"]', "3"])
def test_a_list_of_targets_that_is_none_is_refused(text: str) -> None:
    assert settings.faults({"targets": text}).keys() == {"targets"}


def test_a_target_that_stood_alone_is_known_by_the_name_it_gets() -> None:
    """Machines that were made when it had none are on it, wherever it stands in the list."""
    state = checked(ALONE, several(R2, R1))
    assert settings.settings(state).former == {"": "r1"}
    again = checked(state, several(R2, R1))
    assert settings.settings(again).former == {"": "r1"}, "for as long as there are machines without a name"


def test_a_target_that_is_called_otherwise_is_known_by_both_names() -> None:
    state = checked(checked(ALONE, several(R1, R2)), several({**R1, "targetName": "rack"}, R2))
    assert settings.settings(state).former == {"": "rack", "r1": "rack"}
    assert settings.settings(state).retired == {}


def test_a_target_that_stays_alone_is_the_same_under_another_name_and_address() -> None:
    state = checked(ALONE, {**ALONE, "targetName": "r1", "server": "esxi1.lab"})
    assert settings.settings(state).former == {"": "r1"}
    assert settings.settings(state).retired == {}


def test_a_target_that_is_named_no_more_is_kept_with_its_password() -> None:
    """What is on it is to be removed by this run or a later one."""
    state = checked(several(R1, R2), {**ALONE, "targetName": "r1"})
    (retired,) = settings.settings(state).retired.values()
    assert (retired["server"], retired["user"], retired["password"]) == ("two.lab", "lab", "of two.lab")
    assert "of two.lab" not in state["retiredTargets"]
    again = checked(state, {**ALONE, "targetName": "r1"})
    assert settings.settings(again).retired.keys() == {"r2"}
    back = checked(again, several(R1, R2))
    assert settings.settings(back).retired == {}


def test_of_a_target_that_is_named_no_more_nothing_is_wanted() -> None:
    machines = [{"name": "w1", "diskGiB": 4, "memoryMiB": 1024}]
    state = checked(several(R1, R2), several(R1, {**R2, "targetName": "r3", "server": "three.lab"}, machines=machines))
    (retired,) = settings.settings(state).retired.values()
    assert configuration(retired).machines == ()


def test_another_password_is_no_other_target() -> None:
    state = checked(several(R1, R2), several(R1, {**R2, "user": "ops", "datastore": "hdd"}))
    assert settings.settings(state).retired == {}
    assert settings.settings(state).former == {}


def test_names_that_change_places_are_refused() -> None:
    """Machines on either would be looked for on the other, not be found, and be made a second time."""
    swapped = several({**R1, "targetName": "r2"}, {**R2, "targetName": "r1"})
    said = settings.swapped(several(R1, R2), swapped)
    assert said is not None
    assert "give them other names" in said
    assert settings.swapped(several(R1, R2), several(R1, R2)) is None


NO_HOST: Properties = {"owner": "kubelab/test", "controlPlanes": "cp1", "existingControlPlanes": "cp1"}


def test_a_lab_whose_machines_all_exist_has_no_target() -> None:
    assert settings.faults(NO_HOST) == {}
    assert settings.settings(NO_HOST).targets == {}
    assert checked(NO_HOST, NO_HOST) == NO_HOST


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (ALONE, {"": ("one.lab", "p1")}),
        ({**ALONE, "targetName": "r1"}, {"r1": ("one.lab", "p1")}),
        (several(R1, R2), {"r1": ("one.lab", "of one.lab"), "r2": ("two.lab", "of two.lab")}),
    ],
)
def test_when_the_last_made_node_goes_its_target_is_kept_with_its_password(
    before: Properties, kept: dict[str, tuple[str, str]]
) -> None:
    """What is on it is deleted by the same run, by a later one if it does not answer, or by pulumi destroy."""
    state = checked(before, NO_HOST)
    again = checked(state, NO_HOST)
    for known in (settings.settings(state), settings.settings(again)):
        assert known.targets == {}
        assert {name: (each["server"], each["password"]) for name, each in known.retired.items()} == kept
    assert "of two.lab" not in again["retiredTargets"]
    back = settings.settings(checked(again, before))
    assert (back.targets.keys(), back.retired) == (kept.keys(), {})


def test_a_name_of_a_target_that_may_still_have_machines_is_not_given_to_another_one() -> None:
    """What is to be deleted on the former would be looked for on the other one, not be found, and be forgotten."""
    nowhere = checked(ALONE, {"owner": "kubelab/test", "machines": "[]"})
    assert settings.settings(nowhere).retired.keys() == {""}
    said = settings.swapped(nowhere, {**ALONE, "server": "two.lab"})
    assert said is not None
    assert "one.lab" in said
    assert "give the one that is declared now a name" in said
    assert settings.swapped(nowhere, ALONE) is None
    assert settings.swapped(nowhere, {**ALONE, "server": "two.lab", "targetName": "r2"}) is None
