#!/usr/bin/env bash
# What an installation of Kubernetes leaves on a machine, in a form in which two moments can be compared.
set -euo pipefail

section() { printf '== %s\n' "$1"; }

# Rules without their counters, and nothing of tables that hold none. Where the machine is a container, its engine's own
# rules and ports, for names asked at 127.0.0.11, change with each start.
rules() {
  command -v "$1-save" >/dev/null || return 0
  "$1-save" 2>/dev/null | grep -E '^-A' | sed '/127\.0\.0\.11/d' | sort || true
}

files() {
  # Files come and go while they are listed.
  { find /etc /opt /usr/local /root /home /var/lib /run -xdev \( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/cloud \
    -o -path /var/lib/systemd -o -path /run/systemd -o -path /run/udev -o -path /run/user -o -path /run/credentials \
    -o -path /etc/ssl/certs -o -path /run/sudo -o -path /var/lib/ucf -o -path /run/log \) -prune -o ! -type d -print 2>/dev/null || true; } |
    sed -E '\#^/(etc/(ld\.so\.cache|mtab|passwd-|group-|shadow-|gshadow-|subuid-|subgid-)|run/(utmp|motd\.dynamic|kubelab\.lock|xtables\.lock))$|~$#d' | sort
}

main() {
  section packages && dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sort
  # Sessions come and go.
  section units && systemctl list-unit-files --no-legend --plain | awk '$2 != "transient" {print $1, $2}' | sort
  # ldconfig runs at a machine's first boot alone.
  section active && systemctl list-units --type service,socket --state active --no-legend --plain | awk '{print $1}' |
    sed -E '/^(user|session|systemd|apt|getty|ldconfig)/d' | sort
  section ports && ss -lntuH | awk '{print $1, $5}' | sed '/127\.0\.0\.11/d' | sort -u
  section sockets && ss -lxH | awk '{print $5}' | sed -E '\#^(@|/run/(systemd|user|udev|credentials))#d' | sort -u
  section links && ip -o link show | awk -F ': ' '{sub(/@.*/, "", $2); print $2}' | sort
  section iptables && rules iptables && rules ip6tables
  section nftables && { ! command -v nft >/dev/null || nft list ruleset 2>/dev/null | grep -E '^\s+(jump|ip|iifname|oifname|meta)' | sed '/127\.0\.0\.11/d' | sort || true; }
  section processes && ps -A -o comm= | awk '/^(containerd|dockerd|crio|conmon|kube|cri-dockerd|flanneld|pause)/' | sort -u
  section files && files
}

main </dev/null
