#!/usr/bin/env bash
# Installs containerd with its whole configuration, and proves that it alone can run a pod, before a kubelet is there.
: "${NODE_NAME:?name of the node}"
: "${CONTAINERD_VERSION:?version of the package containerd.io, as apt matches it}"
: "${CRI_TOOLS_VERSION:?version of the package cri-tools, as apt matches it}"
: "${FILES:?config.toml and hosts.toml of each mirrored registry, in the form of write_files}"
: "${SANDBOX_IMAGE:?the pause image that kubeadm names}"

configure() {
  write_files "$FILES"
  if ! is_applied containerd "$FILES" || ! systemctl is-active --quiet containerd; then
    systemctl restart containerd
    mark_applied containerd "$FILES"
  fi
  systemctl is-enabled --quiet containerd || systemctl enable --quiet containerd
  wait_until 60 "containerd to answer on $NODE_NAME" crictl version
}

check_configuration() {
  local unknown driver
  unknown=$(journalctl --unit containerd --boot --output cat | grep -i 'unknown key' || true)
  [[ -z $unknown ]] || fail "configuring containerd on $NODE_NAME: $unknown; correct /etc/containerd/config.toml"
  driver=$(crictl runtime-config)
  [[ $driver == *SYSTEMD* ]] ||
    fail "configuring containerd on $NODE_NAME: found $driver, wanted cgroup driver SYSTEMD; look at: containerd config dump"
}

# A pod of the sandbox image alone: pulled, started, stopped, removed.
run_pod() {
  local directory pod state
  directory=$(mktemp -d)
  cat >"$directory/pod.json" <<-JSON
	{"metadata": {"name": "kubelab-proof", "namespace": "kubelab", "uid": "kubelab-proof"},
	 "log_directory": "$directory", "linux": {"cgroup_parent": "kubelab-proof.slice",
	 "security_context": {"namespace_options": {"network": 2}}}}
	JSON
  # shellcheck disable=SC2094
  crictl pull "$SANDBOX_IMAGE" >/dev/null || fail "pulling $SANDBOX_IMAGE by containerd on $NODE_NAME: see above"
  crictl pods --quiet --name kubelab-proof | xargs --no-run-if-empty crictl rmp --force >/dev/null
  pod=$(crictl runp "$directory/pod.json") ||
    fail "running a pod by containerd on $NODE_NAME: see above; look at: journalctl -u containerd -n 50"
  state=$(crictl inspectp --output go-template --template '{{.status.state}}' "$pod")
  [[ $state == SANDBOX_READY ]] ||
    fail "running a pod by containerd on $NODE_NAME: found $state, wanted SANDBOX_READY; look at: crictl inspectp $pod"
  crictl rmp --force "$pod" >/dev/null
  rm -rf "$directory"
}

main() {
  install_held_packages "containerd.io=$CONTAINERD_VERSION" "cri-tools=$CRI_TOOLS_VERSION"
  configure
  check_configuration
  [[ -e /etc/kubernetes/kubelet.conf ]] || run_pod
}

main </dev/null
