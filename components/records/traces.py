"""What installations leave on a machine: read by the preflight, removed by the reset. Pure data.

The lists are those of upstream's packages and of what kubeadm, the kubelet and pod networks write while they run.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Traces:
    """Names by kind. `package`: the guest system's; `snap`: snapd's; `unit`: systemd's; `path`: files and directories;
    `link`: network links; `chain`: iptables' chains; `table`: nftables' tables, as `family name`; `process`: command
    names that outlive their service. Paths, links and chains may be shell patterns."""

    package: tuple[str, ...] = ()
    snap: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    process: tuple[str, ...] = ()


KUBERNETES = Traces(
    package=("kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni"),
    unit=("kubelet.service", "kubelab-approve-serving.timer", "kubelab-approve-serving.service"),
    path=(
        "/etc/kubernetes",
        "/var/lib/kubelet",
        "/var/lib/etcd",
        "/var/log/pods",
        "/var/log/containers",
        "/etc/default/kubelet",
        "/etc/systemd/system/kubelet.service.d",
        "/etc/systemd/system/kubelet.service",
        "/usr/libexec/kubernetes",
        "/etc/crictl.yaml",
        "/run/kubelet",
        "/usr/local/bin/kubeadm",
        "/usr/local/bin/kubelet",
        "/usr/local/bin/kubelab-approve-serving",
        "/etc/systemd/system/kubelab-approve-serving.*",
    ),
    link=("kube-ipvs0", "nodelocaldns"),
    chain=("KUBE-*",),
    table=("ip kube-proxy", "ip6 kube-proxy"),
)
# Of pod networks that kubelab does not apply, and what any may write.
OTHER_POD_NETWORKS = Traces(
    path=(
        "/etc/cni",
        "/opt/cni",
        "/var/lib/cni",
        "/var/lib/calico",
        "/run/calico",
        "/var/lib/cilium",
        "/run/cilium",
    ),
    link=(
        "cni0",
        "vxlan.calico",
        "tunl0",
        "cali*",
        "cilium_*",
        "lxc_health",
        "lxc[0-9a-f][0-9a-f][0-9a-f][0-9a-f]*",
    ),
    chain=("CNI-*", "cali-*", "CILIUM_*"),
)
# Tools that brought a runtime of their own.
OTHER_RUNTIMES = Traces(
    package=("cri-o-1.24",),
    path=(
        "/etc/systemd/system/cri-dockerd.service",
        "/etc/systemd/system/cri-dockerd.socket",
        "/var/run/dockershim.sock",
    ),
)


def render(traces: Iterable[Traces]) -> str:
    """Lines of: kind, name. The same name stands once."""
    lines = [
        f"{field.name} {name}" for field in fields(Traces) for each in traces for name in getattr(each, field.name)
    ]
    return "\n".join(dict.fromkeys(lines))
