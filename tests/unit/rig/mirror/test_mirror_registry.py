"""The registry's configuration."""

from pathlib import Path

import yaml

from rig.mirror.handlers import HANDLERS
from rig.mirror.parts import mirror_parts
from rig.mirror.runtimes import RUNTIMES
from rig.mirror.serving import registry
from tests.unit.rig.mirror.apt_content import GUESTS
from toolchain.build.part import in_order


def test_the_registry_serves_read_only_over_tls_on_one_address() -> None:
    text = registry.configuration(Path("/store"), "10.87.0.1", 5443, Path("/ca/mirror.pem"), Path("/ca/mirror.key"))
    document = yaml.safe_load(text)
    assert document["http"]["addr"] == "10.87.0.1:5443"
    assert document["http"]["tls"]["certificate"] == "/ca/mirror.pem"
    assert document["http"]["tls"]["key"] == "/ca/mirror.key"
    assert document["storage"]["filesystem"] == {"rootdirectory": "/store"}
    assert document["storage"]["maintenance"]["readonly"] == {"enabled": True}
    assert "auth" not in document


def test_a_registry_with_users_wants_a_password() -> None:
    files = (Path("/ca/mirror.pem"), Path("/ca/mirror.key"), Path("/htpasswd"))
    document = yaml.safe_load(registry.configuration(Path("/store"), "10.87.0.1", 5543, *files))
    assert document["auth"]["htpasswd"]["path"] == "/htpasswd"


def test_the_mirrors_parts_need_only_each_other_and_have_inputs_that_exist() -> None:
    parts = in_order(mirror_parts(RUNTIMES, GUESTS, HANDLERS))
    assert {"packages-kubernetes", "apt", "images", "private-images", "files"} <= {part.name for part in parts}
    for part in parts:
        assert part.files or part.values, part.name
        assert all(file.exists() for file in part.files), part.name
