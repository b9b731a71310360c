"""make adopt: what a machine shows, as a site file wants it, with OpenSSH's own program."""

import re
import socket
import threading
from collections.abc import Iterator

import pytest
import yaml

from adopt import host_key
from adopt.__main__ import main
from adopt.host_key import AdoptError, Where, parsed, shown
from config.existing.spec import ExistingSpec
from config.model import parse
from tests.unit.provider.ssh_server import Served, served

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1XSsUyd6mejvqH1591uXWJu/HmdnX4n/fXlhSA1zr5"
# As ssh-keygen -l prints it of that key.
FINGERPRINT = "SHA256:Ncu8r/1YS5v1NQg+mhdG24Qz9Ief4CuuhrSmXj54zKo"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(lambda _command, _text: (0, "")) as running:
        yield running


@pytest.mark.host
def test_the_key_of_a_machine_is_printed_as_a_site_file_wants_it(
    server: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"127.0.0.1:{server.port}"]) == 0
    printed = capsys.readouterr().out
    written = yaml.safe_load(printed)["platform"]["existing"]["machines"]["NAME"]
    assert written == {"address": "127.0.0.1", "port": server.port, "hostKey": server.host_key}
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in printed
    assert host_key.fingerprint(server.host_key) in printed


def test_what_is_printed_is_taken_by_a_site_file() -> None:
    existing = yaml.safe_load(shown(Where("w1.lab", 22), KEY))["platform"]["existing"]
    spec, problems = parse(ExistingSpec, {**existing, "user": "lab", "privateKeyFile": "id"}, "site.yaml")
    assert problems == []
    assert spec
    assert list(spec.machines) == ["w1"]


def test_a_fingerprint_is_that_which_a_console_shows() -> None:
    assert host_key.fingerprint(KEY) == FINGERPRINT


@pytest.mark.host
def test_an_address_where_nobody_listens_is_one_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert main([f"127.0.0.1:{port}"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"error: asking 127.0.0.1:{port} for its host key: found no ssh server .*\n", said.err)


@pytest.mark.host
def test_whoever_answers_and_says_nothing_is_waited_for_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_key, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=silent.accept, daemon=True).start()
        with pytest.raises(AdoptError, match="found no ssh server within 1 s"):
            host_key.asked(Where("127.0.0.1", silent.getsockname()[1]))


@pytest.mark.parametrize("host", ["", "-oProxyCommand=x", "lab@10.0.0.5", "10.0.0.5:0", "::1", "10.0.0.500", "a b"])
def test_what_is_no_host_is_refused_before_anything_is_run(host: str) -> None:
    with pytest.raises(AdoptError, match=r"make adopt HOST=address"):
        parsed(host)


def test_a_name_in_any_case_and_a_port_are_understood() -> None:
    assert parsed("CP1.lab:2222") == Where("cp1.lab", 2222)
    assert str(parsed("10.0.0.5")) == "10.0.0.5"
