"""Keys of other tools are answered by what to do instead, at their place and in their spelling."""

import pytest

from config import ConfigError, wishes
from config.addresses.spec import AddressesSpec
from config.images.spec import ImageSpec
from config.mirrors import MirrorsSpec
from config.model import Spec, parse
from config.problems import plain
from config.site import MachineSpec, SiteSpec, SshSpec
from config.stack import ClusterSpec, NodeSpec, StackConfig
from config.targets.spec import VsphereSpec
from config.targets.wishes import VSPHERE
from tests.unit.config.lab_folder import LabFolder

MODELS = (
    *(AddressesSpec, ClusterSpec, ImageSpec, MachineSpec, MirrorsSpec),
    *(NodeSpec, SiteSpec, SshSpec, StackConfig, VsphereSpec),
)
REMEDIES = ("; write ", "remove it", "run `")


def said(model: type[Spec], key: str) -> str:
    """What is said of a key in a part of a file."""
    _, problems = parse(model, {key: "x"}, "file")
    return next(problem.text for problem in problems if problem.path == key)


@pytest.mark.case("D18")
@pytest.mark.parametrize(
    ("model", "key", "remedy"),
    [
        (ClusterSpec, "proxy", "write mirrors in the site file"),
        (StackConfig, "kubelab:proxy", "write mirrors in the site file"),
        (SiteSpec, "httpProxy", "write mirrors in the site file"),
        (MachineSpec, "macAddress", "write macAddress at the node"),
        (NodeSpec, "mac", "write macAddress at the node"),
        (ClusterSpec, "clusterName", "write name in kubelab:cluster"),
        (StackConfig, "kubelab:clusterName", "write name in kubelab:cluster"),
        (ClusterSpec, "imageRepository", "write mirrors/registries"),
        (SiteSpec, "imageRepository", "write mirrors/registries"),
        (ClusterSpec, "addons", "kubectl or helm"),
        (StackConfig, "kubelab:addons", "kubectl or helm"),
        (ClusterSpec, "workers", "write each one by its name below kubelab:nodes"),
        (StackConfig, "kubelab:workers", "write each one by its name below kubelab:nodes"),
        (NodeSpec, "count", "write each one by its name below kubelab:nodes"),
        (NodeSpec, "ip", "write address at the node"),
        (SiteSpec, "ip", "write address at the node"),
        (NodeSpec, "gateway", "with mode: static also gateway"),
        (ClusterSpec, "nameServers", "with mode: static also gateway, nameServers"),
        (AddressesSpec, "dns", "with mode: static also gateway, nameServers"),
        (SiteSpec, "manage_etc_hosts", "write addresses/names: hosts in the site file"),
        (ClusterSpec, "networkPlugin", "write podNetwork (plugin and version)"),
        (ClusterSpec, "cni", "write podNetwork (plugin and version)"),
        (ClusterSpec, "calico", "write podNetwork (plugin and version)"),
        (ClusterSpec, "kube_network_plugin", "write podNetwork (plugin and version)"),
        (ClusterSpec, "kube_version", "write kubernetesVersion in kubelab:cluster"),
        (StackConfig, "kubelab:kubeVersion", "write kubernetesVersion in kubelab:cluster"),
        (NodeSpec, "node_labels", "write labels at the node"),
        (NodeSpec, "nodeTaints", "write taints at the node"),
        (NodeSpec, "noTaints", "write schedulable: true"),
        (ClusterSpec, "allowSchedulingOnControlPlanes", "write schedulable: true"),
        (ClusterSpec, "api_ip", "write controlPlaneEndpoint"),
        (ClusterSpec, "loadBalancer", "write controlPlaneEndpoint"),
        (ClusterSpec, "podCidr", "write podSubnet"),
        (ClusterSpec, "service-cluster-ip-range", "write serviceSubnet"),
        (SiteSpec, "ntp", "clocks"),
        (SiteSpec, "insecureRegistries", "caFile"),
        (SiteSpec, "sshAuthorizedKeys", "write ssh/authorizedKeys"),
        (SshSpec, "keyPath", "authorizedKeys"),
        (SshSpec, "address", "write platform/existing in the site file"),
        (NodeSpec, "memory", "write machine/memoryMiB"),
        (MachineSpec, "numCPUs", "write machine/cpus"),
        (MachineSpec, "extraDisks", "write extraDisks"),
        (VsphereSpec, "vmFolder", "resourcePool and folder"),
        (VsphereSpec, "hostname", "write server"),
        (VsphereSpec, "insecure", "write tls/sha256"),
        (NodeSpec, "preKubeadmCommands", "into the image"),
        (ClusterSpec, "audit", "write apiServer/extraArgs"),
        (ClusterSpec, "cloudProvider", "remove it"),
        (ClusterSpec, "container_manager", "write runtime"),
        (ClusterSpec, "kubeProxyMode", "write kubeProxy/mode"),
    ],
)
def test_a_key_of_another_tool_is_answered_by_what_to_do_instead(model: type[Spec], key: str, remedy: str) -> None:
    assert remedy in said(model, key)
    assert "did you mean" not in said(model, key)


@pytest.mark.case("D18")
@pytest.mark.parametrize("spelling", ["imageRepository", "image_repository", "image-repository", "ImageRepository"])
def test_a_wish_is_known_in_any_spelling(spelling: str) -> None:
    assert said(ClusterSpec, spelling) == said(ClusterSpec, "imageRepository")


@pytest.mark.case("D18")
@pytest.mark.parametrize(
    ("key", "meant"), [("pod_subnet", "podSubnet"), ("DnsDomain", "dnsDomain"), ("kublet", "kubelet")]
)
def test_a_key_of_kubelab_that_is_misspelt_is_no_wish(key: str, meant: str) -> None:
    assert said(ClusterSpec, key) == f"unknown key, did you mean {meant}?"


@pytest.mark.case("D18")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_key_that_can_be_written_is_refused_by_name(model: type[Spec]) -> None:
    known = {plain(str(field.alias)) for field in model.model_fields.values()}
    assert set(model.refused_keys.by_plain) & known == set()


@pytest.mark.case("D18", "D20")
def test_every_wish_is_answered_by_something_to_do() -> None:
    tables = (wishes.ANYWHERE, wishes.CLUSTER, wishes.NODE, wishes.SITE, VSPHERE, wishes.SSH, wishes.MIRRORS)
    answers = {answer for table in tables for answer in table.words.values()}
    assert len(answers) > 40
    assert [answer for answer in answers if not any(remedy in answer for remedy in REMEDIES)] == []


@pytest.mark.case("D18")
@pytest.mark.parametrize(
    ("word", "remedy"),
    [("master", "wanted: controlPlane"), ("agent", "wanted: worker"), ("controller+worker", "schedulable: true")],
)
def test_a_role_of_another_tool_is_answered_by_kubelabs(word: str, remedy: str) -> None:
    _, (problem,) = parse(NodeSpec, {"role": word}, "file")
    assert problem.text.startswith(f"found '{word}', ")
    assert remedy in problem.text


@pytest.mark.case("D18")
@pytest.mark.parametrize("plugin", ["calico", "cilium", "kube-router", "none"])
def test_a_pod_network_of_later_is_no_misspelling(plugin: str) -> None:
    _, problems = parse(ClusterSpec, {"podNetwork": {"plugin": plugin}}, "file")
    (said_of_it,) = [problem.text for problem in problems if problem.path == "podNetwork/plugin"]
    assert said_of_it.startswith(f"found '{plugin}', which kubelab cannot apply yet; allowed: ")


@pytest.mark.case("D18")
def test_nine_unknown_keys_of_one_kind_list_what_is_allowed_once(minimal: LabFolder) -> None:
    keys = ", ".join(f"quux{number}: 1" for number in range(9))
    old = minimal.stack.read_text()
    minimal.stack.write_text(old.replace("{role: worker}", f"{{role: worker, {keys}}}"))
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    first, *others = str(raised.value).splitlines()[1:]
    assert "allowed: role, runtime, " in first
    assert len(others) == 8
    assert all(line.endswith("unknown key, allowed: the same as for kubelab:nodes/w1/quux0") for line in others)
