"""What a machine is, as it says itself, and swap that it may be given."""

from tests.e2e.machine import Machine


def facts_of(machine: Machine) -> dict[str, str]:
    """What a machine is, by the names of FACTS."""
    lines = (line.partition("=") for line in machine.run(FACTS).splitlines())
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
