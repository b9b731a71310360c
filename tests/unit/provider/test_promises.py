"""Which datastore of a cluster a machine is given: the roomiest, less what others were promised on it."""

import pytest

from provider.vsphere.making.promises import Promise, Promises


def chosen(promises: Promises, sizes: dict[str, int], free: dict[str, int]) -> str:
    return "".join(promises.chosen(free, Promise(name, size)) for name, size in sizes.items())


def test_machines_that_are_made_at_once_spread_though_none_has_written_anything_yet() -> None:
    assert chosen(Promises(), {f"w{at}": 10 for at in range(4)}, {"a": 100, "b": 95}) == "abab"
    assert chosen(Promises(), {f"w{at}": 10 for at in range(4)}, {"a": 100, "b": 70}) == "aaaa"
    assert chosen(Promises(), {"w1": 10, "w2": 10}, {"a": 50, "b": 50}) == "ab", "the first of two that are alike"


def test_what_was_promised_and_is_written_by_now_counts_once() -> None:
    promises = Promises()
    assert chosen(promises, {"w1": 40}, {"a": 100, "b": 50}) == "a"
    assert chosen(promises, {"w2": 40}, {"a": 60, "b": 50}) == "a", "60 are left there"
    assert chosen(promises, {"w3": 40}, {"a": 20, "b": 50}) == "b"
    assert chosen(Promises(), {"w1": 40}, {"a": 60, "b": 50}) == "a"


def test_what_others_write_meanwhile_counts_as_well() -> None:
    promises = Promises()
    assert chosen(promises, {"w1": 10}, {"a": 100, "b": 80}) == "a"
    assert chosen(promises, {"w2": 10}, {"a": 30, "b": 80}) == "b"


@pytest.mark.parametrize("again", [True, False])
def test_a_machine_is_promised_space_once_and_one_that_was_not_made_none(again: bool) -> None:
    promises, free = Promises(), {"a": 100, "b": 95}
    assert chosen(promises, {"w1": 10}, free) == "a"
    if again:
        assert chosen(promises, {"w1": 10}, free) == "a"
        assert chosen(promises, {"w2": 10}, free) == "b"
    else:
        promises.take_back("w1")
        assert chosen(promises, {"w2": 10}, free) == "a"


def test_one_who_is_promised_nothing_sees_what_others_were() -> None:
    promises = Promises()
    assert chosen(promises, {"w1": 10}, {"a": 100, "b": 95}) == "a"
    assert [promises.chosen({"a": 100, "b": 95}, None) for _ in range(2)] == ["b", "b"]
