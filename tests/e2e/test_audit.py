"""The audit stack: one node that runs pods of users, an audit log, and Secrets that are encrypted in etcd.

Its machine is a linked clone on a vCenter; it has a static address, and the lab's names in its /etc/hosts.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyVmomi import vim

from tests.e2e import host
from tests.e2e.cluster import AGNHOST, Cluster, absolute_paths, wait_for_pods
from tests.e2e.labs import assert_destroy_leaves_nothing, built
from tests.e2e.project import Project, wait_for

NODE = "e2e-audit-cp1"
TEXT = "what-no-file-of-etcd-may-show"
LOG = "/var/log/kubernetes/audit.log"
KEY = "/etc/kubernetes/kube-apiserver/secrets-encryption.yaml"
# Of those that the rig gives to nobody.
ADDRESS, GATEWAY = "10.87.0.245", "10.87.0.1"
ADDRESSES = {
    "mode": "static",
    "network": "10.87.0.0/24",
    "gateway": GATEWAY,
    "nameServers": [GATEWAY],
    "searchDomains": ["lab.example"],
    "names": "hosts",
}


@pytest.fixture(scope="module")
def audited(
    vcenter: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Cluster]:
    """The shipped stack, while that of CRI-O is built."""
    request.getfixturevalue("crio_life")

    def give_addresses(project: Project) -> None:
        content = absolute_paths(yaml.safe_load(vcenter.read_text()), vcenter.parent)
        project.set_site({**content, "addresses": ADDRESSES})
        stack = project.read_stack()
        stack["config"]["kubelab:nodes"][NODE]["address"] = ADDRESS
        project.write_stack(stack)

    project = Project.copy(tmp_path_factory.mktemp("audit"), "audit", "e2e-audit-", "e2e-audit")
    with built(project, vcenter, give_addresses) as cluster:
        yield cluster


def stored(name: str) -> str:
    """What etcd's own file holds of a Secret of that name, from its key on."""
    pattern = f"/registry/secrets/default/{name}.{{0,48}}"
    found = f"tr '\\n\\0' '  ' </var/lib/etcd/member/snap/db | LC_ALL=C grep -aoE '{pattern}' | tail -n 1"
    return host.run_text(NODE, f"{found} | tr -cd '[:print:]' || true\n")


def name_in(event: dict[str, Any]) -> object:
    """The name of the object that an event of the audit log is about, if it is about one."""
    return event.get("objectRef", {}).get("name")


def disks(machine: Any) -> list[Any]:
    """The backings of a machine's disks."""
    devices = machine.config.hardware.device
    return [device.backing for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]


@pytest.mark.usefixtures("audited")
def test_the_machine_is_a_linked_clone_of_a_template_in_the_folder_and_pool_of_the_site(vcenter: Path) -> None:
    with host.connected(vcenter) as content:
        machines = host.virtual_machines(content)
        templates = [machine for machine in machines.values() if machine.config.template]
        (made,) = (machine for name, machine in machines.items() if name == NODE)
        (disk,) = disks(made)
        assert disk.parent is not None, "a full clone"
        homes = {machine.config.files.vmPathName.rpartition("/")[0] for machine in templates}
        assert disk.parent.fileName.rpartition("/")[0] in homes
        assert (made.parent.name, made.resourcePool.name) == ("nodes", "lab")
        assert made.network[0].name == "DC0_DVPG0"


def test_the_machine_has_the_address_that_was_declared_and_no_other(audited: Cluster) -> None:
    shown = host.in_machine(NODE, "ip", "-o", "-4", "address", "show", "dev", "eth0")
    assert [line.split()[3] for line in shown.splitlines()] == [f"{ADDRESS}/24"]
    assert "dynamic" not in shown
    assert host.in_machine(NODE, "ip", "-4", "route", "show", "default").split()[:3] == ["default", "via", GATEWAY]
    assert host.in_machine(NODE, "cat", "/sys/class/net/eth0/address").strip() == "00:50:56:17:00:f5"
    (node,) = audited.get("nodes")["items"]
    assert {"type": "InternalIP", "address": ADDRESS} in node["status"]["addresses"]


@pytest.mark.usefixtures("audited")
def test_the_machine_knows_the_lab_by_its_names_and_the_sites_name_servers() -> None:
    assert f"\n{ADDRESS} {NODE}\n" in host.in_machine(NODE, "cat", "/etc/hosts")
    resolver = host.in_machine(NODE, "cat", "/run/systemd/resolve/resolv.conf")
    assert f"nameserver {GATEWAY}\n" in resolver
    assert "search lab.example\n" in resolver


@pytest.mark.case("D21")
def test_a_pod_of_a_user_runs_on_the_only_node(audited: Cluster) -> None:
    audited.kubectl("run", "audited", "--image", AGNHOST, "--", "netexec", "--http-port=8080")
    wait_for_pods(audited, "audited")
    assert audited.get("pod", "audited")["spec"]["nodeName"] == NODE


@pytest.mark.case("D17")
def test_the_audit_log_has_a_line_for_it(audited: Cluster) -> None:
    audited.kubectl("create", "configmap", "audited")
    events = [json.loads(line) for line in host.in_machine(NODE, "cat", LOG).splitlines()]
    made = [each for each in events if each["verb"] == "create" and name_in(each) == "audited"]
    assert {each["objectRef"]["resource"] for each in made} >= {"configmaps"}
    assert {each["user"]["username"] for each in made} >= {f"{audited.project.stack}-admin"}


@pytest.mark.case("D17")
def test_a_secret_is_encrypted_in_etcd_and_readable_by_its_user(audited: Cluster) -> None:
    audited.kubectl("create", "secret", "generic", "hidden", f"--from-literal=text={TEXT}")
    wait_for(lambda: "k8s:enc:secretbox:v1:key1:" in stored("hidden"), 30, "etcd to have the Secret in its file")
    assert not host.answers(NODE, "grep", "-raq", TEXT, "/var/lib/etcd")
    audited.kubectl("get", "secret", "hidden")
    assert host.in_machine(NODE, "stat", "-c", "%a %U", KEY).split() == ["600", "root"]


@pytest.mark.case("D17")
def test_a_policy_that_is_refused_is_one_error_and_the_cluster_goes_on(audited: Cluster) -> None:
    stack = audited.project.read_stack()
    files = stack["config"]["kubelab:cluster"]["apiServer"]["files"]
    former = files["audit-policy.yaml"]
    files["audit-policy.yaml"] = {"content": "kind: NoPolicy\n"}
    audited.project.write_stack(stack)
    try:
        refused = audited.project.run(
            "pulumi", "up", "--yes", "--skip-preview", "--stack", audited.project.stack, "--non-interactive"
        )
    finally:
        files["audit-policy.yaml"] = former
        audited.project.write_stack(stack)
    assert refused.code != 0
    assert f"kube-apiserver on {NODE} to take its files" in refused.output
    wait_for(lambda: audited.answers("get", "--raw", "/readyz"), 120, "the API server with its former policy")
    audited.project.up()
    audited.wait_ready(NODE)


def test_another_policy_reaches_the_running_api_server(audited: Cluster) -> None:
    stack = audited.project.read_stack()
    files = stack["config"]["kubelab:cluster"]["apiServer"]["files"]
    policy = files["audit-policy.yaml"]["content"]
    files["audit-policy.yaml"]["content"] = policy.replace("{level: Metadata}", "{level: Request}")
    assert files["audit-policy.yaml"]["content"] != policy
    audited.project.write_stack(stack)
    audited.project.up()
    audited.kubectl("create", "configmap", "after", "--from-literal=seen=yes")
    events = [json.loads(line) for line in host.in_machine(NODE, "cat", LOG).splitlines()]
    (made,) = [each for each in events if each["verb"] == "create" and name_in(each) == "after"]
    assert made["level"] == "Request"
    audited.project.preview_nothing()


def test_the_doctor_finds_nothing(audited: Cluster) -> None:
    result = audited.project.doctor()
    assert result.code == 0, result.output


def test_destroy_leaves_nothing_on_the_vcenter(audited: Cluster, vcenter: Path) -> None:
    assert_destroy_leaves_nothing(audited.project, vcenter)
