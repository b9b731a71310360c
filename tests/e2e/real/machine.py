"""A machine that no container is: asked by ssh, as its user would."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from doctor.machine import ssh_command
from doctor.state import connections
from tests.e2e.project import Project

ASK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a lab, by its name."""

    project: Project
    name: str

    def run(self, text: str) -> str:
        """Run a shell script as root; it must succeed. What it prints."""
        exported = subprocess.run(
            ["pulumi", "stack", "export", "--show-secrets", "--non-interactive", "--stack", self.project.stack],
            cwd=self.project.directory,
            env=self.project.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        connection = connections(json.loads(exported))[self.name]
        with tempfile.TemporaryDirectory() as folder:
            command = ssh_command(connection, "sudo bash -s", Path(folder))
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def facts(self) -> dict[str, str]:
        """What the machine is, by the names of FACTS."""
        lines = (line.partition("=") for line in self.run(FACTS).splitlines())
        return {name: value for name, _, value in lines}


FACTS = r"""
set -euo pipefail
say() { printf '%s=%s\n' "$1" "$2"; }
say boot "$(cat /proc/sys/kernel/random/boot_id)"
say kernel "$(uname -r)"
say cgroups "$(stat -fc %T /sys/fs/cgroup)"
say cpus "$(nproc)"
say memory_mib "$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)"
say root_mib "$(df --output=size -BM / | tail -n 1 | tr -dc 0-9)"
say drivers "$(ls -d /sys/bus/pci/drivers/{vmw_pvscsi,vmxnet3}/0* 2>/dev/null | cut -d/ -f6 | sort -u | xargs)"
say virtualization "$(grep -m 1 -owE 'vmx|svm' /proc/cpuinfo | head -n 1 || true)"
say kvm "$([[ -c /dev/kvm ]] && echo there || echo none)"
say modules "$(awk '$1 ~ /^(overlay|br_netfilter)$/ {print $1}' /proc/modules | sort | xargs)"
say forwarding "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables | xargs)"
say swaps "$(tail -n +2 /proc/swaps | wc -l)"
say cloud_init "$(cloud-id)"
"""

# Swap of three kinds, none of which is on yet: what a user, or an image, leaves on a machine.
SWAP = r"""
set -euo pipefail
for name in fstab unit; do
  fallocate -l 32M "/srv/$name"
  chmod 600 "/srv/$name"
  mkswap -q "/srv/$name"
done
printf '/srv/fstab none swap sw 0 0\n' >>/etc/fstab
printf '[Swap]\nWhat=/srv/unit\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/srv-unit.swap
systemctl daemon-reload
systemctl enable srv-unit.swap
"""
