"""What installations leave: the list that the preflight looks for and the reset removes."""

from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest

from components.guest_systems import GUEST_SYSTEMS
from components.pod_networks import POD_NETWORKS
from components.records import traces
from components.records.traces import KUBERNETES, OTHER_POD_NETWORKS, OTHER_RUNTIMES, Traces
from components.runtimes import RUNTIMES
from components.steps.node.traces import all_traces
from tests.unit.components.labs import REGISTRIES
from tests.unit.components.runtimes.renderings import files_of

ALL = all_traces()
# kubelab's own folder, which the reset removes when all is done.
OWN = "/etc/kubelab"


def by_kind(text: str) -> Mapping[str, list[str]]:
    found = defaultdict(list)
    for line in text.splitlines():
        kind, _, name = line.partition(" ")
        found[kind].append(name)
    return found


NAMES = by_kind(ALL)


def is_below(path: str, names: list[str]) -> bool:
    """Whether a path is one of the names or below it; /var/run is a link to /run."""
    real = PurePosixPath(path.replace("/var/run/", "/run/", 1))
    return any(real.is_relative_to(name.replace("/var/run/", "/run/", 1)) for name in names)


def test_traces_are_lines_of_kind_and_name() -> None:
    found = traces.render([Traces(package=("one", "two"), table=("ip kube-proxy",)), Traces(path=("/etc/three",))])
    assert found.splitlines() == ["package one", "package two", "path /etc/three", "table ip kube-proxy"]


def test_the_same_name_of_two_installations_stands_once() -> None:
    found = traces.render([Traces(package=("containerd.io",)), Traces(package=("containerd.io", "docker-ce"))])
    assert found.splitlines() == ["package containerd.io", "package docker-ce"]


def test_nothing_is_rendered_of_nothing() -> None:
    assert traces.render([Traces()]) == ""


def test_every_known_installation_is_looked_for_whichever_runtime_a_node_has() -> None:
    known = [
        *(KUBERNETES, OTHER_POD_NETWORKS, OTHER_RUNTIMES),
        *(network.traces for network in POD_NETWORKS.values()),
        *(runtime.traces for runtime in RUNTIMES.values()),
        *(system.traces for system in GUEST_SYSTEMS.values()),
    ]
    assert set(ALL.splitlines()) == set(traces.render(known).splitlines())


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_every_file_that_kubelab_writes_for_a_runtime_is_removed_with_it(runtime: str) -> None:
    paths = [*NAMES["path"], OWN]
    assert not [path for path in files_of(runtime, *REGISTRIES) if not is_below(path, paths)]


@pytest.mark.parametrize("runtime", sorted(RUNTIMES))
def test_the_socket_of_a_runtime_goes_with_it(runtime: str) -> None:
    assert is_below(RUNTIMES[runtime].cri_socket.removeprefix("unix://"), list(RUNTIMES[runtime].traces.path))


@pytest.mark.parametrize(
    "left_by_kubeadm_reset",
    [
        "/etc/default/kubelet",
        "/etc/systemd/system/kubelet.service.d/0-containerd.conf",
        "/etc/systemd/system/kubelet.service.d/0-crio.conf",
        "/etc/cni/net.d/10-flannel.conflist",
        "/etc/kubernetes/admin.conf",
        "/var/lib/etcd/member",
        "/var/lib/cni/networks",
        "/opt/cni/bin/flannel",
        "/run/flannel/subnet.env",
        "/etc/crictl.yaml",
    ],
)
def test_what_kubeadm_reset_leaves_is_a_trace(left_by_kubeadm_reset: str) -> None:
    assert is_below(left_by_kubeadm_reset, NAMES["path"])


@pytest.mark.parametrize(
    "runtime_of_old",
    [
        "docker.io",
        "docker-ce",
        "containerd",
        "containerd.io",
        "runc",
        "cri-o",
        "crun",
        "podman",
        "cri-dockerd",
        "cri-o-1.24",
    ],
)
def test_old_runtimes_are_found_also_as_the_distributions_own_packages(runtime_of_old: str) -> None:
    assert runtime_of_old in NAMES["package"]


def test_what_was_installed_from_an_archive_is_found_though_no_package_has_it() -> None:
    service = files_of("docker")["/etc/systemd/system/cri-docker.service"].text
    program = service.partition("ExecStart=")[2].split()[0]
    assert is_below(program, NAMES["path"])


@pytest.mark.parametrize("unit", ["kubelet", "containerd", "docker", "cri-docker", "crio"])
def test_the_units_of_kubelet_and_runtimes_are_stopped(unit: str) -> None:
    assert f"{unit}.service" in NAMES["unit"]


@pytest.mark.parametrize("link", ["cni0", "flannel.1", "tunl0", "cali1234abcd", "cilium_host", "docker0", "kube-ipvs0"])
def test_a_link_of_another_pod_network_is_a_trace(link: str) -> None:
    assert [pattern for pattern in NAMES["link"] if fnmatchcase(link, pattern)]


@pytest.mark.parametrize("link", ["lo", "eth0", "ens192", "br0", "wg0", "docker_gwbridge"])
def test_a_link_of_the_machine_itself_is_none(link: str) -> None:
    assert not [pattern for pattern in NAMES["link"] if fnmatchcase(link, pattern)]


@pytest.mark.parametrize("chain", ["KUBE-SERVICES", "CNI-HOSTPORT-DNAT", "FLANNEL-FWD", "cali-FORWARD", "DOCKER-USER"])
def test_a_chain_of_cluster_or_runtime_is_a_trace(chain: str) -> None:
    assert [pattern for pattern in NAMES["chain"] if fnmatchcase(chain, pattern)]


@pytest.mark.parametrize(
    "chain", ["INPUT", "FORWARD", "OUTPUT", "ufw-user-input", "DOCKER_OUTPUT", "DOCKER_POSTROUTING"]
)
def test_a_chain_of_the_machines_own_or_of_the_host_it_is_a_container_of_is_none(chain: str) -> None:
    assert not [pattern for pattern in NAMES["chain"] if fnmatchcase(chain, pattern)]


def test_the_tables_of_kube_proxy_and_flannel_are_those_of_both_address_families() -> None:
    assert set(NAMES["table"]) == {"ip kube-proxy", "ip6 kube-proxy", "ip flannel-ipv4", "ip6 flannel-ipv6"}


@pytest.mark.parametrize("kept", ["/etc/kubelab", "/etc", "/var/lib", "/run", "/usr/local/bin", "/home", "/root/.kube"])
def test_no_folder_of_the_machine_itself_is_a_trace(kept: str) -> None:
    assert kept not in NAMES["path"]
    assert not [name for name in NAMES["path"] if PurePosixPath(kept).is_relative_to(name)]


def test_every_path_is_absolute_and_well_below_the_root() -> None:
    assert not [name for name in NAMES["path"] if not name.startswith("/") or name.count("/") < 2]
