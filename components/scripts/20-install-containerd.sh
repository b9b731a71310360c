#!/usr/bin/env bash
# Installs containerd with its whole configuration, and proves that it alone can run a pod, before a kubelet is there.
# library: packages.sh
# library: runtime.sh
# library: handler-programs.sh
: "${CONTAINERD_VERSION:?version of the package containerd.io, as apt matches it}"

check_known_keys() {
  local unknown
  unknown=$(said_since_start containerd | grep -i 'unknown key' || true)
  [[ -z $unknown ]] || fail "configuring containerd on $NODE_NAME: $unknown; correct /etc/containerd/config.toml"
}

main() {
  claim_machine
  install_held_packages "containerd.io=$CONTAINERD_VERSION" "cri-tools=$CRI_TOOLS_VERSION"
  add_handlers
  vacate_handlers
  configure_service "$CONTAINERD_VERSION" containerd
  remove_handlers
  check_known_keys
  prove_runtime
}

main </dev/null
