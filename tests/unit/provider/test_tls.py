"""What verifies a host's certificate: the same on every Python, and off in plain words alone."""

import ssl
from pathlib import Path

import pytest

from provider import configuration
from provider.vsphere.api import handshake, tls
from provider.vsphere.endpoint import Endpoint, unverified
from tests.vsphere.certificate import Certificate

STRICT = ssl.VerifyFlags.VERIFY_X509_STRICT


@pytest.fixture(params=["of 3.11", "of 3.13", "of a distribution"])
def defaults(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python's own contexts: strict since 3.13, and what OpenSSL takes at most where a distribution built it."""
    make = ssl.create_default_context

    def others(**given: str | None) -> ssl.SSLContext:
        context = make(**given)  # type: ignore[arg-type]
        if request.param == "of 3.13":
            context.verify_flags |= STRICT
        if request.param == "of a distribution":
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    monkeypatch.setattr(ssl, "create_default_context", others)


@pytest.mark.usefixtures("defaults")
def test_certificates_are_verified_alike_on_every_python(tmp_path: Path) -> None:
    for pem in (None, Certificate(tmp_path).pem):
        context = tls.context("esxi.lab", 443, pem, None)
        assert context.verify_flags == handshake.VERIFY_FLAGS
        assert not context.verify_flags & STRICT, "many hosts' own CAs name no key identifiers"
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def every_context(directory: Path) -> dict[str, ssl.SSLContext]:
    """The ways to talk to a host, and to a server that an image is fetched from."""
    return {
        "CA file": tls.context("esxi.lab", 443, Certificate(directory).pem, None),
        "system's CAs": tls.context("esxi.lab", 443, None, None),
        "pin": tls.context("esxi.lab", 443, None, "ab" * 32),
        "insecure": tls.context("esxi.lab", 443, None, None, insecure=True),
        "thumbprint": tls.thumbprinted("esxi.lab", 443, "ab" * 20),
        "image": handshake.by_the_systems_cas(),
    }


@pytest.mark.usefixtures("defaults")
def test_the_oldest_version_and_the_ciphers_are_alike_on_every_python(tmp_path: Path) -> None:
    for name, context in every_context(tmp_path).items():
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2, name
        assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED, name
        assert context.security_level == 2, name
        older = {each["name"] for each in context.get_ciphers() if each["protocol"] == "TLSv1.2"}
        assert older, name
        assert {word.split("-")[0] for word in older} == {"ECDHE", "DHE"}, name


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
