"""What a user is told to grant is what the driver asks for."""

from pathlib import Path

import pytest

from provider.vsphere.conditions import privileges

DOCUMENT = Path(__file__).parents[4] / "docs" / "vsphere.md"


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        ("the host's machines (its folder)", privileges.ON_FOLDER),
        ("its root resource pool", privileges.ON_POOL),
        ("the datastore", privileges.ON_DATASTORE),
        ("the network", privileges.ON_NETWORK),
        ("the VM folder", privileges.ON_FOLDER_OF_A_VCENTER),
        ("a template of yours", privileges.ON_TEMPLATE),
    ],
)
def test_the_documented_privileges_are_those_that_are_asked_for(on: str, wanted: tuple[str, ...]) -> None:
    assert f"| {on} | {', '.join(wanted)} |" in DOCUMENT.read_text()
