"""Names with characters that the API escapes, and those that look like parts of a path."""

from dataclasses import replace

import pytest

from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import GoneError
from tests.vsphere.conftest import OWNER, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.shown import MANY, replace_in
from tests.vsphere.simulator import Simulator, connected

NAMES = [("VLAN%2f10 [lab] 100%25", "VLAN/10 [lab] 100%"), ("a%5cb", "a\\b"), ("50%", "50%"), ("[x] y", "[x] y")]


@pytest.mark.case("V10")
@pytest.mark.parametrize(("raw", "shown"), NAMES)
@pytest.mark.parametrize("spelling", ["shown", "raw"])
def test_networks_and_datastores_are_found_by_the_names_that_people_see(
    simulator: Simulator, proxy: FaultProxy, raw: str, shown: str, spelling: str
) -> None:
    place = connected(simulator.endpoint(port=proxy.port), CancelToken())
    replace_in(proxy, "RetrievePropertiesEx", ">VM Network</val>", f">{raw}</val>")
    wanted = shown if spelling == "shown" else raw
    assert place.network(wanted).nic_backing.deviceName == raw
    proxy.forget()
    replace_in(proxy, "RetrievePropertiesEx", ">LocalDS_0</val>", f">{raw}</val>")
    assert place.datastore(wanted).path("w1", "w1.vmx") == f"[{raw}] w1/w1.vmx"
    with pytest.raises(GoneError) as caught:
        place.datastore("another")
    assert f"which has: {shown}; correct the site file" in str(caught.value)
    place.session.close()


@pytest.mark.case("V10")
def test_a_machine_is_made_on_a_network_whose_name_has_a_slash(
    proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    named: list[bool] = []

    def as_the_host_has_it(request: bytes) -> bytes:
        named.append(b"<deviceName>VLAN%2f10</deviceName>" in request)
        return request.replace(b"VLAN%2f10", b"VM Network")

    proxy.add(Rule("CreateVM_Task", Action.REWRITE, MANY, rewrite=as_the_host_has_it))
    for asking in ("RetrievePropertiesEx", "WaitForUpdatesEx"):  # of the network and of the card on it
        replace_in(proxy, asking, ">VM Network<", ">VLAN%2f10<")
    assert driver.machines.create(replace(w1, network="VLAN/10"), f"{OWNER}/w1", 30).ready
    assert named == [True]
    found = driver.machines.found_for_import("w1", OWNER)
    assert found is not None
    assert found[0].network == "VLAN/10", "an import has the names of users"
