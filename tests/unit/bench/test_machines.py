"""How long many machines take at the least."""

from bench.machines import ideal


def test_the_ideal_is_what_the_slower_of_copies_and_other_operations_takes() -> None:
    others = {"MakeDirectory": 8, "CreateVM_Task": 8, "RetrievePropertiesEx": 99}
    assert ideal(others) == 4.0
    assert ideal({**others, "CopyVirtualDisk_Task": 4}) == 4.0
    assert ideal({**others, "CopyVirtualDisk_Task": 16}) == 8.0
