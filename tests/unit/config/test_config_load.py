"""What a checked lab holds, and where its parts come from."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
import yaml

import config
from components.guest_systems import GUEST_SYSTEMS
from components.records.discovery import default
from config import ConfigError, Problem
from config.load import load
from tests.unit.config.lab_folder import CASES, KUBERNETES, SHA256, LabFolder

CRI_DOCKERD = "github.com/Mirantis/cri-dockerd/releases/download/v0.4.4/cri-dockerd-0.4.4.amd64.tgz"
ROOT = Path(__file__).parents[3]


def test_defaults_are_resolved(minimal: LabFolder) -> None:
    lab = minimal.load()
    assert lab.stack == "lab"
    assert lab.cluster == config.ClusterConfig(
        name="lab",
        certificate_hours=26280,
        kubernetes_version=KUBERNETES,
        runtime_versions={"containerd": "2.3.4", "docker": "28.3.3", "crio": "1.36.3", "criDockerd": "0.3.26"},
        pod_subnet="10.244.0.0/16",
        service_subnet="10.96.0.0/12",
        dns_domain="cluster.local",
        pod_network=config.PodNetworkConfig(plugin="flannel", version="0.28.9", backend="vxlan", port=8472, mtu=None),
        kube_proxy={"mode": "iptables"},
        control_plane_endpoint=None,
        cert_sans=(),
        secrets_encryption=False,
        control_plane_files=(),
        api_server_extra_args=(),
        controller_manager_extra_args=(),
        scheduler_extra_args=(),
        etcd_extra_args=(),
    )
    machine = config.MachineConfig(
        cpus=2, memory_mib=4096, disk_gib=40, nested_virtualization="require", extra_config={}
    )
    image = config.ImageConfig(ova=str(minimal.path / "node.ova"), sha256=SHA256, system=default(GUEST_SYSTEMS).name)
    w1 = config.NodeConfig(
        name="w1",
        role="worker",
        runtime="containerd",
        runtime_version="2.3.4",
        machine=machine,
        image=image,
        kubelet={},
        clean_install=False,
        on_runtime_change="replaceMachine",
        files=(),
        labels={},
        taints=(),
        schedulable=True,
        allow_replace=False,
    )
    assert lab.nodes == (replace(w1, name="cp1", role="controlPlane", schedulable=False), w1)
    vsphere = lab.site.vsphere[0]
    assert (vsphere.server, vsphere.port, vsphere.user) == ("esxi.lab", 443, "root")
    assert (vsphere.tls.ca_pem, vsphere.tls.sha256) == (None, None)
    assert lab.site.addresses == config.AddressesConfig("10.87.0.0/24")
    assert lab.site.ssh.user == "lab"
    assert lab.site.mirrors == config.MirrorsConfig(None, None, {}, None, None, None, None, {}, {})
    assert (lab.site.registries, lab.site.ignore_preflight_errors, lab.warnings) == ((), (), ())


def test_all_that_is_written_arrives(everything: LabFolder) -> None:
    lab = everything.load()
    assert lab.cluster.pod_subnet == "10.252.0.0/16"
    assert lab.cluster.service_subnet == "10.250.0.0/16"
    assert lab.cluster.dns_domain == "lab.internal"
    assert lab.cluster.control_plane_endpoint == "k8s.lab:6443"
    assert (lab.site.vsphere[0].server, lab.site.vsphere[0].port) == ("127.0.0.1", 8989)
    assert lab.site.vsphere[0].tls.sha256 == "00112233445566778899aabbccddeeff" * 2
    assert lab.site.ssh.user == "kube_admin"
    assert lab.site.mirrors.apt_kubernetes == "https://10.87.0.1:8443/apt/kubernetes"
    assert lab.site.mirrors.apt_crio == "https://10.87.0.1:8443/apt/crio"
    assert lab.site.mirrors.files == "https://10.87.0.1:8443/files"
    assert lab.site.mirrors.checksums == {CRI_DOCKERD: "fedcba9876543210" * 4}
    assert lab.cluster.cert_sans == ("k8s.lab", "*.k8s.lab", "203.0.113.5", "2001:db8::5")
    assert lab.cluster.controller_manager_extra_args == (config.ExtraArg("concurrent-gc-syncs", "5"),)
    assert lab.cluster.scheduler_extra_args == (config.ExtraArg("v", "2"),)
    assert lab.cluster.etcd_extra_args == (config.ExtraArg("quota-backend-bytes", "1073741824"),)
    assert lab.site.ignore_preflight_errors == ("SystemVerification",)


def test_an_argument_may_be_given_twice_and_keeps_its_place(everything: LabFolder) -> None:
    assert everything.load().cluster.api_server_extra_args == (
        config.ExtraArg("audit-log-path", "-"),
        config.ExtraArg("v", "4"),
        config.ExtraArg("v", "5"),
    )


def test_a_runtime_version_of_the_stack_wins_over_the_sites_key_by_key(everything: LabFolder) -> None:
    assert everything.load().cluster.runtime_versions == {
        "containerd": "2.3.4",
        "docker": "29.7.2",
        "crio": "1.36.3",
        "criDockerd": "0.4.4",
    }


def test_kube_proxy_settings_of_the_cluster_are_added_to_the_sites(everything: LabFolder) -> None:
    assert everything.load().cluster.kube_proxy == {"mode": "nftables", "conntrack": {"maxPerCore": 0, "min": 0}}


def test_a_loaded_lab_cannot_be_changed(minimal: LabFolder) -> None:
    lab = minimal.load()
    with pytest.raises(FrozenInstanceError):
        lab.nodes[0].machine.cpus = 8  # type: ignore[misc]


def test_parsed_json_from_pulumi_gives_the_same_lab_as_the_stack_file(everything: LabFolder) -> None:
    written = yaml.safe_load(everything.stack.read_text())["config"]
    cluster, nodes = (json.loads(json.dumps(written[f"kubelab:{key}"])) for key in ("cluster", "nodes"))
    lab = load("lab", cluster, nodes, written["kubelab:site"], Path("stacks"), {}, config_keys=list(written))
    assert lab == everything.load()


def test_a_misspelt_key_is_found_among_the_keys_pulumi_passes(minimal: LabFolder) -> None:
    keys = ["kubelab:cluster", "kubelab:nodez", "kubelab:site", "pulumi:tags"]
    cluster, nodes = {"kubernetesVersion": KUBERNETES}, {"cp1": {"role": "controlPlane"}}
    with pytest.raises(ConfigError) as raised:
        load("lab", cluster, nodes, "../site.yaml", minimal.stack.parent, {}, config_keys=keys)
    assert raised.value.problems == [
        Problem("stacks/Pulumi.lab.yaml", "kubelab:nodez", "unknown key, did you mean kubelab:nodes?")
    ]


def test_the_checked_types_can_be_had_without_the_schema() -> None:
    program = "import sys, config, config.versions, config.passthrough; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("config.")}
    checks = (
        "lab",
        "passthrough",
        "platform",
        "problems",
        "retired",
        "versions",
        "kubernetes",
        "kubernetes.quantities",
    )
    assert loaded == {f"config.{name}" for name in checks}


def test_an_empty_stack_says_all_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        load("new", None, None, None, Path("stacks"), {})
    assert [problem.path for problem in raised.value.problems] == ["kubelab:site", "kubelab:cluster", "kubelab:nodes"]


@pytest.mark.case("D17")
def test_files_arrive_with_their_texts_modes_and_places(lab_folder: Callable[[Path], LabFolder]) -> None:
    lab = lab_folder(CASES / "valid" / "32-files-and-arguments").load()
    cp1, w1 = lab.nodes
    shown = {file.path: (file.text.get_secret_value(), file.mode, file.secret) for file in w1.files}
    assert shown == {
        "/etc/motd": ("w1\n", "0600", False),
        "/etc/profile.d/proxy.sh": ("export http_proxy=http://proxy.lab:3128\n", "0644", False),
        "/opt/tool/token": ("hunter2\n", "0600", True),
    }
    assert [file.text.get_secret_value() for file in cp1.files if file.path == "/etc/motd"] == ["welcome\n"]
    assert [file.path for file in lab.cluster.control_plane_files] == [
        *(f"/etc/kubernetes/kube-apiserver/{name}" for name in ("audit.yaml", "sni.crt", "sni.key")),
        "/etc/kubernetes/kube-scheduler/config.yaml",
    ]
    assert all(file.secret and file.mode == "0600" for file in lab.cluster.control_plane_files)
    assert "hunter2" not in repr(lab)


def test_keys_of_people_arrive_each_once(lab_folder: Callable[[Path], LabFolder]) -> None:
    lab = lab_folder(CASES / "valid" / "34-authorized-keys").load()
    kinds = [key.split()[0] for key in lab.site.ssh.authorized_keys]
    assert kinds == ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"]
