"""The engine itself on labs whose nodes move between platforms: what a preview refuses, and in which order.

Of the lab, its network alone is asked for.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from rig.host import network
from tests.e2e.moves.state_of import project_with, state_of
from tests.e2e.project import Project
from tests.graph.conftest import PASSWORD, certificate, loaded, registered, shipped, site
from tests.graph.machines.test_existing_machines import ADDRESSES
from tests.unit.provider.ssh_server import USER, Served, served

STACK = "containerd"
ALL = ("cp1", "w1", "w2")
PROVIDER = "pulumi:providers:kubelab"
MADE, EXISTING = "kubelab:index:VirtualMachine", "kubelab:index:ExistingMachine"
LAB = f"urn:pulumi:{STACK}::kubelab::kubelab:lab:Lab"


Servers = Mapping[str, Served]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Of each node the ssh server of its machine that exists: that is logged in to before one that was made is gone."""
    with ExitStack() as running:
        yield {name: running.enter_context(served(lambda _command, _text: (0, ""), network.GATEWAY)) for name in ALL}


@pytest.fixture(scope="module")
def site_file(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Path:
    """A site whose files are there; `declare` writes it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "ca.pem").write_text(certificate())
    for name, content in {"password": PASSWORD, **{name: each.user_key for name, each in servers.items()}}.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    machines = {name: {"port": each.port, "hostKey": each.host_key.strip()} for name, each in servers.items()}
    (folder / "machines.json").write_text(json.dumps(machines))
    return folder / "site.yaml"


def declare(site_file: Path, *names: str) -> None:
    """Write the site with these nodes' machines as machines that exist; without a host where all do."""
    written = site()
    written["platform"]["vsphere"]["passwordFile"] = "password"
    served_as = json.loads(site_file.with_name("machines.json").read_text())
    machines = {
        name: {"address": network.GATEWAY, "nodeAddress": ADDRESSES[name], "user": USER, "privateKeyFile": name}
        | served_as[name]
        for name in names
    }
    written["platform"] |= {"existing": {"machines": machines}} if names else {}
    if names == ALL:
        del written["platform"]["vsphere"], written["addresses"], written["machine"]
    site_file.write_text(yaml.safe_dump(written))


def built(site_file: Path, *names: str) -> list[dict[str, Any]]:
    """The state of the lab on the site with these machines that exist."""
    declare(site_file, *names)
    return state_of(registered(loaded(STACK, shipped(STACK), site_file)))


@pytest.fixture(scope="module")
def lab_with(site_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """The lab that stands with these machines that exist; previews change nothing of it."""

    @cache
    def make(*names: str) -> Project:
        return project_with(tmp_path_factory.mktemp("lab"), STACK, built(site_file, *names))

    return make


def as_before(resources: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The state as programs left it with which machines that exist had a provider of their own."""
    provider = next(each for each in resources if each["type"] == PROVIDER)
    lab = next(each["urn"] for each in resources if each["type"] == "kubelab:lab:Lab")
    own = {"owner": f"kubelab/{STACK}", "controlPlanes": "cp1" if "cp1" in names else "", "allowReplace": ""}
    urn = f"{LAB}${PROVIDER}::existing-machines"
    former = {
        "urn": urn,
        "type": PROVIDER,
        "custom": True,
        "id": "former",
        "parent": lab,
        "inputs": own,
        "outputs": own,
    }
    others = [each for each in resources if each is not provider]
    for side in (provider["inputs"], provider["outputs"]):
        side.pop("existingControlPlanes", None)
        side["controlPlanes"] = "" if "cp1" in names else "cp1"
    for each in others:
        if each["type"] == EXISTING:
            each["provider"] = f"{urn}::former"
    after_lab = next(at for at, each in enumerate(others) if each["urn"] == lab) + 1
    others.insert(after_lab, former)
    return others if names == ALL else [provider, *others]


def previewed(project: Project, site_file: Path, *names: str, word: bool = False) -> tuple[int, str]:
    """What a preview ends with and prints, once these machines exist."""
    declare(site_file, *names)
    project.declare("site", str(site_file))
    project.set_node("cp1", {"allowReplace": True} if word else {})
    result = project.run("pulumi", "preview", "--stack", project.stack, "--non-interactive")
    return result.code, result.output


def rows(output: str) -> list[tuple[str, str, str]]:
    """What a preview prints of each resource that would change: sign, type, name, in its order."""
    return re.findall(r"^ *([-+~]{1,2}) +(\w+:\w+:\w+) (\S+)", output, re.M)


def places(found: list[tuple[str, str, str]], *wanted: tuple[str, str]) -> Mapping[tuple[str, str], int]:
    """Where in the order each sign and name is."""
    return {each: next(at for at, (sign, _, name) in enumerate(found) if (sign, name) == each) for each in wanted}


@pytest.mark.parametrize("names", [("cp1", "w1"), ALL])
def test_machines_that_had_a_provider_of_their_own_stay(
    site_file: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    project = project_with(tmp_path, STACK, as_before(built(site_file, *names), names))
    code, output = previewed(project, site_file, *names)
    assert code == 0, output
    assert {type_ for _, type_, _ in rows(output)} == {PROVIDER}, output


@pytest.mark.case("T8")
def test_a_whole_lab_that_moves_is_refused_with_what_is_lost_and_the_word(
    site_file: Path, lab_with: Callable[..., Project]
) -> None:
    code, output = previewed(lab_with(), site_file, *ALL)
    assert code != 0
    said = r"control plane cp1: on platform.existing now.*; its etcd is lost.*write allowReplace: true at node cp1"
    assert re.search(said, output), output
    assert rows(output) == [], output


@pytest.mark.case("T8")
@pytest.mark.parametrize(("before", "after"), [((), ALL), (ALL, ())], ids=["to existing", "to vsphere"])
def test_with_the_word_each_machine_comes_in_place_of_the_former_once_that_is_gone(
    site_file: Path, lab_with: Callable[..., Project], before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    code, output = previewed(lab_with(*before), site_file, *after, word=True)
    assert code == 0, output
    assert "warning: control plane cp1: on platform." in output
    found = rows(output)
    old, new = (EXISTING, MADE) if before else (MADE, EXISTING)
    for name in ALL:
        assert ("--", old, name) in found, output
        assert ("++", new, name) in found, output
    drained, gone, there, joins = ("--", "w1-membership"), ("--", "w1"), ("++", "w1"), ("++", "w1-join")
    at = places(found, drained, gone, there, joins)
    assert at[drained] < at[gone] < at[there] < at[joins], output
    assert ("-", PROVIDER, "vsphere") not in found, output
