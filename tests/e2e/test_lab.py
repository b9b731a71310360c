"""From two simulated ESXi hosts to a working cluster and back, by the real engine. In the order of a lab's life."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from config import versions
from rig.catalog import DEFAULT_SYSTEM
from tests.e2e import host
from tests.e2e.cluster import kubelet_starts
from tests.e2e.conftest import FOREIGN, FOREIGN_HOST, HOSTS, NODES, BuiltLab
from tests.e2e.labs import assert_destroy_leaves_nothing
from tests.e2e.project import changed_in_detail, changes, unpacked

KUBERNETES = versions.TRIED


def test_a_killed_engine_takes_its_provider_with_it_within_seconds(lab: BuiltLab) -> None:
    assert lab.observed.survivors == {}


def test_nothing_changes_a_machine_after_its_engine_was_killed(lab: BuiltLab) -> None:
    assert set(lab.observed.machines_changed_by_survivors.values()) == {False}


@pytest.mark.case("T4")
def test_a_recovery_beside_a_living_run_is_refused_and_says_which(lab: BuiltLab) -> None:
    (refused,) = lab.observed.recoveries_beside_a_run
    assert refused.code != 0
    assert re.search(r"error: giving a lock back: process \d+ of .* is alive \(.*pulumi up .*\)", refused.output)


@pytest.mark.case("T14")
def test_the_state_its_backups_and_all_beside_it_are_for_their_owner_alone(lab: BuiltLab) -> None:
    files = [path for path in (lab.project.directory / ".state" / ".pulumi").rglob("*") if path.is_file()]
    assert {path.parts[len(lab.project.directory.parts) + 2] for path in files} >= {"stacks", "backups", "history"}
    assert [path for path in files if path.stat().st_mode & 0o077] == []
    assert (lab.site.parent / "passphrase").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("lab")
def test_nodes_had_nothing_that_a_cloud_image_has_not_and_apt_in_use_at_first() -> None:
    """What steps need besides, they brought; what of these is there now came with Kubernetes."""
    for name in NODES:
        assert host.answers(name, "test", "-e", "/var/lib/apt/daily-at-first-boot"), name
        assert not host.answers(name, "sh", "-c", "command -v jq || command -v nft"), name


def test_three_killed_runs_and_one_whole_run_make_each_machine_once(lab: BuiltLab) -> None:
    assert host.containers(*NODES) == sorted(NODES)
    assert host.everywhere(lab.site).items() >= {**HOSTS, FOREIGN: FOREIGN_HOST}.items()


@pytest.mark.usefixtures("lab")
def test_no_two_steps_overlapped_on_a_node_although_engines_were_killed() -> None:
    for name in NODES:
        log = host.in_machine(name, "cat", "/var/log/kubelab-steps.log")
        events = [word for word in (line.split()[2] for line in log.splitlines()) if word in ("began", "ended")]
        assert events == ["began", "ended"] * (len(events) // 2), f"{name}:\n{log}"


def test_every_declared_node_is_ready_with_the_declared_versions(lab: BuiltLab) -> None:
    nodes = json.loads(lab.cluster.kubectl("get", "nodes", "--output", "json"))["items"]
    found = {
        node["metadata"]["name"]: (
            node["status"]["nodeInfo"]["kubeletVersion"],
            node["status"]["nodeInfo"]["containerRuntimeVersion"].removeprefix("containerd://").lstrip("v"),
            [c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"],
        )
        for node in nodes
    }
    assert found == {name: (f"v{KUBERNETES}", "2.3.4", ["True"]) for name in NODES}


def test_the_outputs_tell_address_role_runtime_and_versions_of_each_node(lab: BuiltLab) -> None:
    outputs = lab.project.outputs()
    nodes = outputs["nodes"]
    assert isinstance(nodes, list)
    assert {node["name"]: node["role"] for node in nodes} == NODES
    assert {(node["runtime"], node["runtimeVersion"], node["kubernetesVersion"]) for node in nodes} == {
        ("containerd", "2.3.4", KUBERNETES)
    }
    reported = json.loads(lab.cluster.kubectl("get", "nodes", "--output", "json"))["items"]
    addresses = {n["metadata"]["name"]: n["status"]["addresses"][0]["address"] for n in reported}
    assert {node["name"]: node["address"] for node in nodes} == addresses
    assert outputs["apiEndpoint"] == f"{addresses['e2e-cp1']}:6443"
    assert outputs["kubeconfig"] == "[secret]"


def test_a_machine_reaches_the_mirror_on_a_network_that_is_internal(lab: BuiltLab) -> None:
    mirror = yaml.safe_load(lab.site.read_text())["mirrors"]["files"]
    assert host.in_machine("e2e-w1", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", mirror)
    routes = subprocess.run(
        ["docker", "network", "inspect", "--format", "{{.Internal}}", "kubelab"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert routes.strip() == "true"


def test_a_second_preview_shows_no_change(lab: BuiltLab) -> None:
    lab.project.preview_nothing()


def test_a_preview_after_a_refresh_shows_no_change(lab: BuiltLab) -> None:
    lab.project.pulumi("refresh", "--yes", "--skip-preview")
    lab.project.preview_nothing()


def test_its_state_is_small_for_each_of_its_nodes(lab: BuiltLab) -> None:
    assert lab.project.state_file.stat().st_size / len(NODES) < 45_000


def test_no_secret_stands_in_plain_in_state_logs_or_process_lists(lab: BuiltLab) -> None:
    hosts = yaml.safe_load(lab.site.read_text())["platform"]["vsphere"]
    passwords = [(lab.site.parent / each["passwordFile"]).read_text().strip() for each in hosts]
    kubeconfig = yaml.safe_load(str(lab.project.outputs(show_secrets=True)["kubeconfig"]))
    client_key = kubeconfig["users"][0]["user"]["client-key-data"]
    places = {
        "state": lab.project.state(),
        "output": lab.project.log.read_text(),
        "processes": "\n".join(lab.observed.command_lines),
        **{f"older state {path.name}": unpacked(path) for path in (lab.project.directory / ".state").rglob("*.zst*")},
    }
    assert "kubeadm join" in places["processes"]
    assert len(passwords) == len(set(HOSTS.values()))
    secrets = [*passwords, client_key, client_key[:40], "PRIVATE KEY-----"]
    token = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
    found = [(place, secret[:8]) for place, text in places.items() for secret in secrets if secret in text]
    found += [(place, match) for place, text in places.items() for match in token.findall(text)]
    assert found == []


@pytest.mark.usefixtures("lab")
def test_no_join_token_is_left_in_the_cluster() -> None:
    listed = host.in_machine("e2e-cp1", "kubeadm", "token", "list", "--kubeconfig", "/etc/kubernetes/admin.conf")
    assert listed.strip() == ""


def test_editing_one_script_shows_its_lines_and_runs_only_that_step(lab: BuiltLab) -> None:
    script = lab.project.directory / "components/scripts/30-install-kubernetes.sh"
    original = script.read_text()
    script.write_text(original.replace("main() {", "main() {\n  say 'a line of the test'", 1))
    steps = sorted(f"Command {name}-install-kubernetes" for name in NODES)
    preview = lab.project.pulumi("preview", "--diff")
    assert "say 'a line of the test'" in preview.output
    assert changed_in_detail(preview.output) == steps
    assert changes(lab.project.up().output) == steps


def test_more_memory_for_one_worker_updates_that_machine_alone(lab: BuiltLab) -> None:
    lab.project.set_node("e2e-w1", {"machine": {"memoryMiB": 3072}})
    # Nor is anything left of the change before.
    assert changes(lab.project.pulumi("preview").output) == ["VirtualMachine e2e-w1"]
    others = kubelet_starts("e2e-cp1", "e2e-w2")
    assert changes(lab.project.up().output) == ["VirtualMachine e2e-w1"]
    with host.connected(lab.site, HOSTS["e2e-w1"]) as content:
        assert host.virtual_machines(content)["e2e-w1"].config.hardware.memoryMB == 3072
    assert kubelet_starts("e2e-cp1", "e2e-w2") == others
    lab.cluster.kubectl("wait", "--for", "condition=Ready", "node/e2e-w1", "--timeout", "90s")


def test_another_image_for_one_worker_replaces_it_and_joins_it_anew(lab: BuiltLab, tmp_path: Path) -> None:
    image = tmp_path / "another.ova"
    lock = yaml.safe_load((lab.site.parent / "images.lock.yaml").read_text())["images"][DEFAULT_SYSTEM]
    shutil.copyfile(lock["file"], image)
    with image.open("ab") as end:
        end.write(bytes(10240))
    with image.open("rb") as whole:
        sha256 = hashlib.file_digest(whole, "sha256").hexdigest()
    before = json.loads(lab.cluster.kubectl("get", "node", "e2e-w1", "--output", "json"))["metadata"]["uid"]
    others = kubelet_starts("e2e-cp1", "e2e-w2")
    lab.project.set_node("e2e-w1", {"image": {"ova": str(image), "sha256": sha256}})
    changed = changes(lab.project.up().output)
    assert "VirtualMachine e2e-w1" in changed
    assert [name for name in changed if "e2e-w2" in name or "e2e-cp1" in name] == []
    node = json.loads(lab.cluster.kubectl("get", "node", "e2e-w1", "--output", "json"))
    assert node["metadata"]["uid"] != before
    assert kubelet_starts("e2e-cp1", "e2e-w2") == others
    lab.project.preview_nothing()


def test_a_worker_rests_with_its_machine_and_comes_back_with_it(lab: BuiltLab) -> None:
    lab.project.set_node("e2e-w2", {"power": "off"})
    lab.project.up()
    assert sorted(lab.cluster.kubectl("get", "nodes", "--output", "name").split()) == ["node/e2e-cp1", "node/e2e-w1"]
    with host.connected(lab.site, HOSTS["e2e-w2"]) as content:
        assert host.power_state(content, "e2e-w2") == "poweredOff"
    lab.project.preview_nothing()
    lab.project.set_node("e2e-w2", {})
    lab.project.up()
    lab.cluster.wait_ready(*NODES)
    lab.project.preview_nothing()


def test_a_worker_taken_from_the_stack_is_drained_deleted_and_destroyed(lab: BuiltLab) -> None:
    stack = lab.project.read_stack()
    del stack["config"]["kubelab:nodes"]["e2e-w2"]
    lab.project.write_stack(stack)
    lab.project.up()
    assert sorted(lab.cluster.kubectl("get", "nodes", "--output", "name").split()) == ["node/e2e-cp1", "node/e2e-w1"]
    assert "e2e-w2" not in host.everywhere(lab.site)


def test_destroy_leaves_nothing_on_either_host_but_what_is_not_ours(lab: BuiltLab) -> None:
    assert_destroy_leaves_nothing(lab.project, lab.site)
    assert host.containers(*NODES) == []
    found = host.everywhere(lab.site)
    assert found[FOREIGN] == FOREIGN_HOST
    assert NODES.keys() & found.keys() == set()
    with host.connected(lab.site, FOREIGN_HOST) as content:
        assert FOREIGN in host.folders(content)
