"""Who may not log in, told apart as far as a host does; and certificates whose dates do not fit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provider.vsphere.cancel import CancelToken
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.errors import RefusedError
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import Simulator, connected


@pytest.mark.case("V12")
@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        (
            "InvalidLogin",
            "Cannot complete login due to an incorrect user name or password.",
            "wrong user or password; it",
        ),
        (
            "InvalidLogin",
            "The password of the user has expired.",
            r"the password has expired \(.*\); log in to the host's",
        ),
        ("PasswordExpired", "", r"the password has expired \(PasswordExpired.*\); log in to the host's console"),
        ("InvalidLogin", "The account is locked.", r"the account is locked \(.*\); wait for its unlocking"),
        ("InvalidLogin", "User locked out: too many attempts", r"the account is locked \(.*\); wait for its unlocking"),
        ("NoPermission", "", "the user may not log in: it has no role on the host, or the host is in lockdown mode"),
        ("HostAccessRestrictedToManagementServer", "", "the host leaves this to a vCenter, which manages it"),
    ],
)
def test_a_login_that_is_refused_says_why_and_is_tried_once(
    simulator: Simulator, proxy: FaultProxy, kind: str, words: str, told: str
) -> None:
    proxy.fault("Login", kind, times=5, text=words or kind)
    session = connected(simulator.endpoint(port=proxy.port), CancelToken()).session
    for _ in range(2):
        with pytest.raises(RefusedError, match=f"logging in to .* as root: {told}") as caught:
            _ = session.content
    assert "\n" not in str(caught.value)
    assert proxy.left("Login") == 4


@pytest.fixture(params=[(-48, -24), (24, 48)], ids=["expired", "not valid yet"])
def dated(request: pytest.FixtureRequest, esxi: Path, tmp_path: Path) -> Iterator[Simulator]:
    """A host whose certificate is not valid today."""
    simulator = Simulator(esxi, tmp_path / "dated", hours=request.param)
    yield simulator
    simulator.stop()


@pytest.mark.case("V13")
def test_the_right_pin_decides_alone_and_the_dates_are_told_with_the_clock(dated: Simulator) -> None:
    place = connected(dated.pinned(), CancelToken())
    (finding,) = conditions(place, "kubelab/test", [])
    assert not finding.blocks
    assert finding.text.startswith("the host's certificate is the one of tls.sha256, and it is valid from 20")
    assert "and the clock of this machine says 20" in finding.text
    place.session.close()


@pytest.mark.case("V13")
def test_a_cas_certificate_that_is_not_valid_today_is_refused_with_dates_and_clock(
    dated: Simulator,
) -> None:
    session = connected(dated.endpoint(), CancelToken()).session
    told = r"is not trusted \(certificate .*\); it is valid from 20.* and the clock of this machine says 20.*; correct"
    with pytest.raises(RefusedError, match=told):
        _ = session.content
