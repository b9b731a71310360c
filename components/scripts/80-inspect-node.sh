#!/usr/bin/env bash
# Says what a node's runtime really is, and changes nothing: lines of node, fact and value as result on stdout.
# library: observe.sh
: "${NODE_NAME:?name of the node}"
: "${SOCKETS:?sockets of all runtimes that kubelab knows, separated by spaces}"

say_fact() { printf '%s %s %s\n' "$NODE_NAME" "$1" "${2:--}"; }

# The kubelet's own order: a flag wins over its file. What kubeadm would write into that file counts when there is none.
configured_socket() {
  local file found='' process
  process=$(systemctl show kubelet --property MainPID --value)
  if [[ -r /proc/$process/cmdline ]]; then
    found=$(tr '\0' '\n' <"/proc/$process/cmdline" | sed -nE 's/^--container-runtime-endpoint=//p')
  fi
  for file in /var/lib/kubelet/config.yaml /var/lib/kubelet/instance-config.yaml; do
    [[ ! -f $file || -n $found ]] || found=$(sed -nE 's/^containerRuntimeEndpoint: *"?([^" ]+)"?$/\1/p' "$file")
  done
  printf '%s' "$found"
}

# answer SOCKET: name and version of what answers there.
answer() {
  [[ -S ${1#unix://} ]] || return 0
  crictl --runtime-endpoint "$1" --timeout 5s version 2>/dev/null |
    awk '/^RuntimeName:/ {name = $2} /^RuntimeVersion:/ {version = $2} END {sub(/^v/, "", version); if (name) print name, version}'
}

other_answers() {
  local socket found
  for socket in $SOCKETS; do
    [[ $(canonical_socket "$socket") != "$(canonical_socket "$1")" ]] || continue
    found=$(answer "$socket")
    [[ -z $found ]] || printf '%s ' "${found// /-}"
  done
}

# A pod of the kubelet's: with the systemd driver its containers are scopes in slices.
# Processes that end meanwhile are no fault.
pod_cgroup() { { grep -hoE '[^:]*/kubepods.*pod[0-9a-f_-]{32,36}[^/]*/[^/]+.*' /proc/[0-9]*/cgroup 2>/dev/null || true; } | sort -u | sed -n 1p; }

# What was seen is kept: a container whose start fails is there for a moment only.
see_pod() {
  pod_cgroup >"$seen"
  [[ -s $seen ]]
}

at_exit() { rm -f "${seen:-}"; }

main() {
  local socket
  seen=$(mktemp)
  socket=$(configured_socket)
  [[ -z $socket ]] || wait_until 180 "a pod of the kubelet on $NODE_NAME (see also: journalctl -u kubelet -n 50)" see_pod
  say_fact configured "$socket"
  say_fact crictl "$(sed -nE 's/^runtime-endpoint: *"?([^" ]+)"?$/\1/p' /etc/crictl.yaml 2>/dev/null || true)"
  say_fact answering "$(answer "${socket:-none}")"
  say_fact others "$(other_answers "$socket")"
  say_fact runtime-driver "$(crictl --runtime-endpoint "$socket" runtime-config 2>/dev/null | grep -oE 'SYSTEMD|CGROUPFS' | tr '[:upper:]' '[:lower:]' || true)"
  say_fact pod-cgroup "$(<"$seen")"
  say_fact pod-networks "$(pod_networks | sed 's#.*/##' | xargs)"
  say_fact drop-ins "$(systemctl show kubelet --property DropInPaths --value | tr ' ' '\n' | sed 's#.*/##' | xargs)"
  say_fact ignored-settings "$(said_since_start kubelet 2>/dev/null | grep -c 'Ignoring invalid environment' || true)"
}

main </dev/null
