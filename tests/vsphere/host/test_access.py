"""Who may be talked to, and as whom: certificates are always verified, refusals are final and clear."""

from dataclasses import replace
from pathlib import Path

import pytest

from provider.vsphere.api.tls import colons
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import RefusedError, UnreachableError
from tests.vsphere.certificate import Certificate
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import Simulator, connected


def connect(endpoint: Endpoint) -> str:
    """Logs in and out; returns the API type."""
    session = connected(endpoint, CancelToken()).session
    try:
        return str(session.content.about.apiType)
    finally:
        session.close()


def test_the_hosts_own_ca_is_trusted(simulator: Simulator) -> None:
    assert connect(simulator.endpoint()) == "HostAgent"


@pytest.mark.parametrize("shape", [str.lower, str.upper, colons])
def test_the_right_pin_is_trusted_in_any_spelling(simulator: Simulator, shape: object) -> None:
    assert callable(shape)
    endpoint = replace(simulator.endpoint(), ca_pem=None, sha256=shape(simulator.certificate.sha256))
    assert connect(endpoint) == "HostAgent"


def test_a_wrong_pin_is_one_clear_error_that_shows_both(simulator: Simulator) -> None:
    endpoint = replace(simulator.endpoint(), ca_pem=None, sha256="AB:" * 31 + "AB")
    with pytest.raises(RefusedError) as caught:
        connect(endpoint)
    message = str(caught.value)
    assert "\n" not in message
    assert f"its certificate has SHA-256 {colons(simulator.certificate.sha256)}" in message
    assert "tls.sha256 wants AB:AB:" in message


def test_a_malformed_pin_is_refused_before_anything_is_sent(simulator: Simulator) -> None:
    endpoint = replace(simulator.endpoint(), ca_pem=None, sha256="12:34")
    with pytest.raises(RefusedError, match=r"tls\.sha256 of 127\.0\.0\.1: found '12:34', wanted 64 hex digits"):
        connect(endpoint)


def test_another_ca_is_refused_even_on_loopback(simulator: Simulator, tmp_path: Path) -> None:
    other = Certificate(tmp_path, "other")
    with pytest.raises(RefusedError, match=r"the certificate of 127\.0\.0\.1:\d+ is not trusted"):
        connect(replace(simulator.endpoint(), ca_pem=other.pem))


def test_without_ca_or_pin_only_the_systems_cas_are_trusted_even_on_loopback(simulator: Simulator) -> None:
    with pytest.raises(RefusedError, match=r"is not trusted .*; correct tls\.caFile or tls\.sha256"):
        connect(replace(simulator.endpoint(), ca_pem=None))


def test_a_name_that_the_certificate_does_not_bear_is_refused(simulator: Simulator) -> None:
    with pytest.raises(RefusedError, match="localhost"):
        connect(replace(simulator.endpoint(), server="localhost"))


def test_an_untrusted_host_is_never_sent_the_password(simulator: Simulator, proxy: FaultProxy, tmp_path: Path) -> None:
    other = Certificate(tmp_path, "other")
    for trust in ({"ca_pem": other.pem}, {"ca_pem": None}, {"ca_pem": None, "sha256": "00" * 32}):
        with pytest.raises(RefusedError):
            connect(replace(simulator.endpoint(port=proxy.port), **trust))
    assert not proxy.seen


def test_a_wrong_password_is_one_clear_error_without_the_password(simulator: Simulator) -> None:
    with pytest.raises(RefusedError) as caught:
        connect(simulator.endpoint(password="not-the-password"))
    message = str(caught.value)
    assert f"logging in to 127.0.0.1:{simulator.port} as root: wrong user or password" in message
    assert "not-the-password" not in message
    assert "\n" not in message


def test_a_wrong_password_is_tried_once(simulator: Simulator, proxy: FaultProxy) -> None:
    session = connected(simulator.endpoint(port=proxy.port, password="wrong"), CancelToken()).session
    for _ in range(3):
        with pytest.raises(RefusedError):
            _ = session.content
    assert proxy.seen["Login"] == 1


def test_a_host_that_does_not_answer_is_named(simulator: Simulator) -> None:
    simulator.stop()
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:\d+ does not answer .*; check that the host is up"):
        connect(simulator.endpoint())


def test_a_host_that_is_busy_for_a_moment_is_asked_again(simulator: Simulator, proxy: FaultProxy) -> None:
    for method in ("GET sdk", "RetrieveServiceContent"):
        proxy.add(Rule(method, Action.UNAVAILABLE, times=2))
    assert connect(simulator.endpoint(port=proxy.port)) == "HostAgent"


def test_a_vcenter_without_cluster_or_host_is_refused_before_the_password_is_sent(
    simulator: Simulator, proxy: FaultProxy
) -> None:
    as_vcenter = b"<apiType>VirtualCenter</apiType>"
    proxy.add(
        Rule("RetrieveServiceContent", Action.REWRITE_ANSWER, rewrite=lambda answer: _with_api_type(answer, as_vcenter))
    )
    with pytest.raises(RefusedError, match=r"this is a vCenter .*; write cluster or host below"):
        connect(simulator.endpoint(port=proxy.port))
    assert not proxy.seen["Login"]


def _with_api_type(answer: bytes, api_type: bytes) -> bytes:
    assert b"<apiType>HostAgent</apiType>" in answer
    return answer.replace(b"<apiType>HostAgent</apiType>", api_type)


def test_closing_a_session_logs_out(simulator: Simulator, proxy: FaultProxy) -> None:
    connect(simulator.endpoint(port=proxy.port))
    assert proxy.seen["Logout"] == 1
