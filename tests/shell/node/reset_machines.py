"""Machines that are reset: what others have on them, and a worker's installation."""

import base64
from collections.abc import Callable, Mapping

from tests.shell import steps
from tests.shell.guest.machine import Guest, Result
from tests.shell.keys import authority_text, host_key_text, worker_key
from tests.shell.steps import INSTALL_RUNTIME, RESET
from tests.shell.world import HOST_KEY, run_kubelet, socket_of

OTHER = {"containerd": "docker", "docker": "crio", "crio": "containerd"}
SERVICE = {"containerd": "containerd", "crio": "crio", "docker": "cri-docker"}
FACTS = "/var/lib/guest/facts"
# What a machine does not get back before it boots anew, and what the stand-ins alone keep.
STAYS = (f"{FACTS}/sysctl/", f"{FACTS}/swap", f"{FACTS}/images/", f"{FACTS}/tokens/", "/var/lib/guest/events")
OWN_LOGS = ("/var/log/kubelab-05-reset-node.log",)
RULES_OF_OTHERS = """*filter
:INPUT ACCEPT [0:0]
:MY-DOCKER - [0:0]
-A INPUT -s 10.0.0.0/8 -j MY-DOCKER
-A INPUT -i cni1 -m comment --comment "not cni0" -j ACCEPT
COMMIT"""
OUR_RULES = """:KUBE-SERVICES - [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:CNI-0123 - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A DOCKER-USER -j RETURN
-A INPUT -i cni0 -j ACCEPT
-A OUTPUT ! -o docker0 -j ACCEPT
-A INPUT -j CNI-0123
"""


Join = Callable[[str], None]


def set_up(guest: Guest) -> None:
    """Put on the machine what others have on it."""
    steps.PREPARE_OS.prepare(guest)
    for step in INSTALL_RUNTIME.values():
        step.prepare(guest)
    run_kubelet(guest)
    guest.write(HOST_KEY, host_key_text(worker_key()), mode=0o600)
    # It came with the image, and an installation of ours finds it there.
    guest.state("packages/ethtool", "1-1")
    for package in ("containerd.io", "docker-ce", "cri-o"):
        guest.state(f"needs/{package}", "libseccomp2 bash")
    guest.state("packages/bash", "5-1")
    guest.state("packages/backup", "1-1")
    # Nothing needs it any more, and its removal is not ours to decide.
    guest.state("packages/old-kernel", "1-1")
    guest.state("auto/old-kernel", "auto")
    guest.write("/etc/systemd/system/backup.service", "[Service]\n")
    guest.state("units/backup/active", "active")
    guest.write("/etc/sysctl.d/50-others.conf", "vm.swappiness = 1\n")
    guest.write("/etc/modules-load.d/others.conf", "dummy\n")
    guest.write("/var/lib/data/file", "data\n")
    guest.write("/opt/tool/bin/tool", "")
    guest.write("/usr/local/bin/tool", "", mode=0o755)
    guest.write("/home/user/.kube/config", f"certificate-authority-data: {base64.b64encode(b'other').decode()}\n")
    guest.state("links", "lo\neth0\ncni1")
    guest.state("namespaces", "vpn")
    guest.state("rules/iptables", RULES_OF_OTHERS)
    guest.state("rules/ip6tables", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT")
    guest.state("tables/inet firewall", "table inet firewall {\n}")
    guest.state("processes", "sshd\ncontainerd-shimmer")
    guest.state("mounts", "/\n/var/lib/data")


def make_worker(guest: Guest, word: str) -> None:
    """Make it a worker with this runtime by the steps themselves, with what runs then."""
    for step in (steps.PREPARE_OS, INSTALL_RUNTIME[word], steps.INSTALL_KUBERNETES, steps.JOIN):
        result = guest.run(step.file, step.environment)
        assert result.status == 0, result.stderr
    run_pods(guest, word)


def run_pods(guest: Guest, word: str) -> None:
    """What the kubelet, a runtime and a pod network do on a machine while they run."""
    guest.write("/etc/kubernetes/pki/ca.crt", authority_text())
    guest.write("/root/.kube/config", f"certificate-authority-data: {encoded_authority()}\n")
    guest.write("/home/lab/.kube/config", f"certificate-authority-data: {encoded_authority()}\n")
    guest.socket(socket_of(word))
    guest.state(f"pods.{SERVICE[word]}/aaaa", "web-1")
    if word == "docker":
        guest.state("docker-containers", "bbbb")
    guest.write("/etc/default/kubelet", 'Environment="KUBELET_EXTRA_ARGS=--x\n')
    guest.write("/etc/systemd/system/kubelet.service.d/0-crio.conf", "[Service]\n")
    guest.write("/etc/cni/net.d/10-flannel.conflist", "{}\n")
    guest.write("/opt/cni/bin/bridge", "")
    guest.write("/var/lib/kubelet/pods/1/volumes/token", "secret\n")
    guest.write("/run/flannel/subnet.env", "")
    guest.write("/var/log/pods/web/0.log", "")
    guest.state("links", f"{guest.known('links')}\ncni0\nflannel.1\ncali12345\ndocker0")
    guest.state("namespaces", f"{guest.known('namespaces')}\ncni-1234")
    guest.state("rules/iptables", RULES_OF_OTHERS.replace("COMMIT", f"{OUR_RULES}COMMIT"))
    guest.state("rules/ip6tables", f"*filter\n:INPUT ACCEPT [0:0]\n{OUR_RULES}COMMIT")
    guest.state("tables/ip kube-proxy", "table ip kube-proxy {\n}")
    guest.state("tables/ip6 filter", "table ip6 filter {\n\tchain INPUT {\n\t\ttype filter hook input;\n\t}\n}")
    guest.state("processes", f"{guest.known('processes')}\ncontainerd-shim\nconmon\ndocker-proxy")
    guest.state("mounts", f"{guest.known('mounts')}\n/var/lib/kubelet/pods/1/volumes\n/run/netns/cni-1234")
    guest.write("/run/netns/cni-1234", "")


def encoded_authority() -> str:
    return base64.b64encode(authority_text().encode()).decode()


def reset(guest: Guest, **changed: str) -> Result:
    step = RESET.given(**changed)
    return guest.run(step.file, step.environment)


def contents(guest: Guest) -> Mapping[str, tuple[int, str]]:
    """Modes and texts of all files that a reset brings back."""
    return {
        path: (file.mode, file.text)
        for path, file in guest.files().items()
        if not path.startswith(STAYS) and path not in OWN_LOGS
    }
