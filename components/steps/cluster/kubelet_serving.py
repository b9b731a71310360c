"""What approves the serving certificates of kubelets that ask the cluster for them: files of a control plane. Pure."""

from collections.abc import Mapping, Sequence

from components.guest_file import GuestFile
from config import NodeConfig

PROGRAM = "/usr/local/bin/kubelab-approve-serving"
TIMER = "kubelab-approve-serving.timer"
_UNITS = "/etc/systemd/system"
_SERVICE = f"""[Unit]
Description=Approval of the certificates that kubelets of declared nodes serve with
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={PROGRAM}
TimeoutStartSec=120
NoNewPrivileges=true
ProtectHome=true
"""
# A kubelet waits 15 minutes for an answer before it asks again.
_TIMER = """[Unit]
Description=Look for certificates that kubelets ask for

[Timer]
OnCalendar=*:0/5
AccuracySec=30s

[Install]
WantedBy=timers.target
"""


def asking(nodes: Sequence[NodeConfig]) -> tuple[str, ...]:
    """The names of the nodes whose kubelets ask the cluster for the certificate that they serve with."""
    return tuple(node.name for node in nodes if node.kubelet.get("serverTLSBootstrap") is True)


def files(names: Sequence[str], addresses: Mapping[str, str], program: str) -> list[GuestFile]:
    """The files of a control plane that approves what the kubelets of these nodes ask for; none without any.

    `program` is the text of what decides.
    """
    if not names:
        return []
    return [
        GuestFile("/etc/kubelab/kubelet-serving-nodes", "".join(f"{name} {addresses[name]}\n" for name in names)),
        GuestFile(PROGRAM, program, mode="0755"),
        GuestFile(f"{_UNITS}/{TIMER.removesuffix('.timer')}.service", _SERVICE),
        GuestFile(f"{_UNITS}/{TIMER}", _TIMER),
    ]
