"""Servers are taken alike by real Pythons: the one that runs the tests, and those of the lab's guest systems."""

import json
import os
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from provider.vsphere.api.tls import colons
from provider.vsphere.endpoint import Endpoint
from rig.host import container_engine
from rig.node import guests
from rig.node.image import image_name
from rig.services.process import ProcessTable
from tests.vsphere.pythons import servers
from tests.vsphere.pythons.servers import ADDRESS, issued
from tests.vsphere.simulator import Simulator
from toolchain.build.part import cache_keys
from toolchain.layout import layout_of

PROJECT = Path(__file__).resolve().parents[3]
PROGRAM = PROJECT / "tests" / "vsphere" / "pythons" / "asking.py"
LIBRARIES = Path(sysconfig.get_path("purelib"))
SECONDS = 300
STRICT_SINCE = (3, 13)
PYTHONS = {"own": sys.version_info[:2], "debian-12": (3, 11), "debian-13": (3, 13)}
"""Who runs the program, and its Python's version."""

TAKEN, REFUSED, NO_HANDSHAKE = "taken", "not trusted", "no handshake"
BY_CA_ALONE_REFUSED = (REFUSED, TAKEN, TAKEN)
WANTED = {
    "of a CA without key identifiers": (TAKEN, TAKEN, TAKEN),
    "of a CA in the middle that ends the chain": (TAKEN, TAKEN, TAKEN),
    "its own issuer": (TAKEN, TAKEN, TAKEN),
    "of another CA": BY_CA_ALONE_REFUSED,
    "of another address": BY_CA_ALONE_REFUSED,
    "an address in its common name alone": BY_CA_ALONE_REFUSED,
    "expired": BY_CA_ALONE_REFUSED,
    "not valid yet": BY_CA_ALONE_REFUSED,
    "a key of 1024 bits": BY_CA_ALONE_REFUSED,
    "TLS 1.1 at most": (NO_HANDSHAKE,) * 3,
    "no forward secrecy": (NO_HANDSHAKE,) * 3,
}
"""What a server shows -> what comes of it by CA file, by pin, and insecurely."""

OTHER_TLS = [name for name, comes in WANTED.items() if NO_HANDSHAKE in comes]
WELCOME = {"CA", "pin", "pin beside a CA", "the system's CAs", "insecure"}


@pytest.fixture
def handshakes(tmp_path: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """What the program is given of each server: three ways to trust it."""
    root = issued(None, "the host's CA", is_ca=True)
    middle = issued(root, "a CA below it", is_ca=True)
    good = issued(root, "good")
    small = rsa.generate_private_key(65537, 1024)
    shown = {
        "of a CA without key identifiers": (root, good),
        "of a CA in the middle that ends the chain": (middle, issued(middle, "below")),
        "its own issuer": (itself := issued(None, "itself"), itself),
        "of another CA": (issued(None, "another CA", is_ca=True), good),
        "of another address": (root, issued(root, "elsewhere", address="127.0.0.2")),
        "an address in its common name alone": (root, issued(root, ADDRESS, address=None)),
        "expired": (root, issued(root, "old", days=(-2, -1))),
        "not valid yet": (root, issued(root, "new", days=(1, 2))),
        "a key of 1024 bits": (root, issued(root, "small", key=small)),
        "TLS 1.1 at most": (root, good),
        "no forward secrecy": (root, issued(root, "RSA", key=rsa.generate_private_key(65537, 2048))),
    }
    with ExitStack() as running:
        cases: dict[str, dict[str, Any]] = {}
        for name, (authority, certificate) in shown.items():
            context = servers.context(certificate, tmp_path)
            _limit(name, context)
            end = Endpoint(ADDRESS, running.enter_context(servers.listening(context)), "root", "secret")
            cases[f"{name}: CA"] = asdict(replace(end, ca_pem=authority.pem))
            cases[f"{name}: pin"] = asdict(replace(end, sha256=certificate.sha256))
            cases[f"{name}: insecure"] = asdict(replace(end, insecure=True))
        yield cases


def _limit(name: str, context: ssl.SSLContext) -> None:
    if name == "TLS 1.1 at most":
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    if name == "no forward secrecy":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256:@SECLEVEL=0")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_servers_are_taken_alike_by_every_python(
    simulator: Simulator, handshakes: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    logins = {name: asdict(end) for name, end in _logins(simulator).items()}
    logins |= {name: handshakes[f"{name}: pin"] for name in OTHER_TLS}
    system_cas = tmp_path / "system-cas.pem"
    system_cas.write_text(simulator.certificate.pem)
    cases = json.dumps({"logins": logins, "handshakes": handshakes})
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        asked = {python: pool.submit(_answered, python, cases, system_cas) for python in PYTHONS}
    answers = {python: answer.result() for python, answer in asked.items()}

    assert {python: tuple(answer["version"]) for python, answer in answers.items()} == PYTHONS
    assert {python: answer["is_strict"] for python, answer in answers.items()} == {
        python: version >= STRICT_SINCE for python, version in PYTHONS.items()
    }
    for python, answer in answers.items():
        said, heard = answer["handshakes"], answer["logins"]
        ways = ("CA", "pin", "insecure")
        assert {name: tuple(said[f"{name}: {way}"] for way in ways) for name in WANTED} == WANTED, python
        assert {way for way in heard if heard[way] == "HostAgent"} == WELCOME, f"{python}: {heard}"
        pin = colons(simulator.certificate.sha256)
        assert f"its certificate has SHA-256 {pin}, tls.sha256 wants AB:AB:" in heard["another pin"], python
        for way in ("another CA", "another CA and insecure", "another name"):
            assert "is not trusted" in heard[way], python
            assert "correct tls.caFile or tls.sha256" in heard[way], python
        for way in OTHER_TLS:
            assert "speaks no TLS that is spoken here" in heard[way], python
            assert "wanted TLS 1.2 or later with ECDHE or DHE; turn that on" in heard[way], python


def _logins(simulator: Simulator) -> dict[str, Endpoint]:
    """Ways to trust the simulated host, whose certificate is its own issuer and what the system's CAs are."""
    by_pin, another = simulator.pinned(), issued(None, "another", is_ca=True).pem
    return {
        "CA": simulator.endpoint(),
        "pin": by_pin,
        "pin beside a CA": replace(by_pin, ca_pem=another),
        "another pin": replace(by_pin, sha256="ab" * 32),
        "the system's CAs": replace(by_pin, sha256=None),
        "another CA": replace(by_pin, sha256=None, ca_pem=another),
        "another CA and insecure": replace(by_pin, sha256=None, ca_pem=another, insecure=True),
        "another name": replace(simulator.endpoint(), server="localhost"),
        "insecure": replace(by_pin, sha256=None, insecure=True),
    }


def _answered(python: str, cases: str, system_cas: Path) -> dict[str, Any]:
    """What the program says when that Python runs it, with the system's CAs in that file."""
    given = {
        "PYTHONPATH": f"{PROJECT}:{LIBRARIES}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SSL_CERT_FILE": str(system_cas),
    }
    argv, environ = [sys.executable, str(PROGRAM)], {**os.environ, **given}
    if python != "own":
        argv, environ = _in_machine(python, given, system_cas)
    done = subprocess.run(argv, input=cases, capture_output=True, text=True, env=environ, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{python} (make test prepares the images of both systems): {done.stderr}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _in_machine(system: str, given: dict[str, str], system_cas: Path) -> tuple[list[str], dict[str, str]]:
    """A command line, and its environment: the system's own Python, with our code and the libraries that we use.

    Of those what is compiled for every Python is ours; the one file that is not (`_cffi_backend`) is the system's.
    """
    layout = layout_of(PROJECT)
    docker = container_engine.current(layout, ProcessTable(layout.processes, layout.logs))
    assert docker, f"no container engine to run the Python of {system} in: run make rig"
    part = guests.part(system)
    image = image_name(layout, cache_keys((part,), layout.project)[part.name])
    mounts = [PROJECT / "provider", PROGRAM, LIBRARIES, system_cas]
    argv = ["docker", "run", "--rm", "--interactive", "--network", "host", "--pull", "never"]
    argv += [word for path in mounts for word in ("--volume", f"{path}:{path}:ro")]
    argv += [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
    return [*argv, image, "python3", str(PROGRAM)], docker.environ
