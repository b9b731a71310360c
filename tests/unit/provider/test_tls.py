"""What verifies a host's certificate: the same on every Python, and off in plain words alone."""

import ssl
from pathlib import Path

import pytest

from provider import configuration
from provider.vsphere.api import tls
from provider.vsphere.endpoint import Endpoint, unverified
from tests.vsphere.certificate import Certificate

STRICT = ssl.VerifyFlags.VERIFY_X509_STRICT


@pytest.fixture(params=["3.11", "3.13"])
def defaults(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Python's own contexts: since 3.13 they are strict."""
    make = ssl.create_default_context

    def strict(**given: str | None) -> ssl.SSLContext:
        context = make(**given)  # type: ignore[arg-type]
        context.verify_flags |= STRICT
        return context

    if request.param == "3.13":
        monkeypatch.setattr(ssl, "create_default_context", strict)
    return str(request.param)


@pytest.mark.usefixtures("defaults")
def test_certificates_are_verified_alike_on_every_python(tmp_path: Path) -> None:
    for pem in (None, Certificate(tmp_path).pem):
        context = tls.context("esxi.lab", 443, pem, None)
        assert context.verify_flags == tls.VERIFY_FLAGS
        assert not context.verify_flags & STRICT, "many hosts' own CAs name no key identifiers"
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_only_the_word_insecure_turns_it_off_and_a_ca_or_pin_goes_before_it(tmp_path: Path) -> None:
    pem, pin = Certificate(tmp_path).pem, "ab" * 32
    assert tls.context("esxi.lab", 443, None, None, insecure=True).verify_mode is ssl.CERT_NONE
    assert tls.context("esxi.lab", 443, pem, None, insecure=True).verify_mode is ssl.CERT_REQUIRED
    assert type(tls.context("esxi.lab", 443, None, pin, insecure=True)) is not ssl.SSLContext
    end = Endpoint("esxi.lab", 443, "root", "secret", insecure=True)
    assert str(unverified(end)).startswith("the certificate of esxi.lab:443 is not verified (tls.insecure): whoever")
    assert unverified(Endpoint("esxi.lab", 443, "root", "secret")) is None


def test_the_provider_takes_insecure_and_a_number_of_operations() -> None:
    news = {"server": "esxi.lab", "user": "root", "password": "secret", "owner": "p/s"}
    plain = configuration.configuration(news).endpoint
    assert plain is not None
    assert (plain.insecure, plain.operations) == (False, 8)
    given = configuration.configuration({**news, "tlsInsecure": "true", "operations": "3"}).endpoint
    assert given is not None
    assert (given.insecure, given.operations) == (True, 3)
    for wrong in (0, 65, "many"):
        assert configuration.faults({**news, "operations": wrong}) == {
            "operations": f"found {wrong!r}, wanted a number from 1 to 64"
        }
