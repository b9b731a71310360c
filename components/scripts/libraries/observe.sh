# shellcheck shell=bash
# What several steps look at on a machine, so that all see it in the same way.

# /var/run is /run, and some name their socket by the one, some by the other.
canonical_socket() { printf '%s' "${1/#unix:\/\/\/var\/run\//unix:///run/}"; }

# The configurations of pod networks that a runtime would read, in the order in which they win.
pod_networks() { { find /etc/cni/net.d -maxdepth 1 \( -name '*.conf' -o -name '*.conflist' -o -name '*.json' \) 2>/dev/null || true; } | sort; }

# said_since_start UNIT: what a service and systemd wrote of it since it was last started.
said_since_start() {
  local began
  began=$(systemctl show "$1" --property InactiveExitTimestamp --value)
  journalctl --unit "$1" --boot --output cat ${began:+--since "$began"}
}
