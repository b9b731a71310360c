"""How long many machines take at the least."""

from bench.machines import FULL, HOST, LINKED, ideal


def test_the_ideal_is_what_the_slower_of_copies_and_other_operations_takes() -> None:
    others = {"MakeDirectory": 8, "CreateVM_Task": 8, "RetrievePropertiesEx": 99, "SearchDatastore_Task": 9}
    assert ideal(others, HOST) == 4.0
    assert ideal({**others, "CopyVirtualDisk_Task": 4}, HOST) == 4.0
    assert ideal({**others, "CopyVirtualDisk_Task": 16}, HOST) == 8.0


def test_in_the_ideal_full_clones_are_copies_before_all_else_and_linked_ones_operations() -> None:
    calls = {"CloneVM_Task": 8, "ReconfigVM_Task": 16, "PowerOnVM_Task": 8}
    assert ideal(calls, FULL) == 8.0
    assert ideal({**calls, "CloneVM_Task": 32}, FULL) == 16.0
    assert ideal(calls, LINKED) == 8.0
