#!/usr/bin/env bash
# Installs CRI-O with drop-ins beside its package's files, and proves that it alone can run a pod, before a kubelet is
# there.
# library: packages.sh
# library: runtime.sh
# library: handler-programs.sh
: "${CRIO_VERSION:?version of the package cri-o, as apt matches it}"

main() {
  claim_machine
  install_held_packages "cri-o=$CRIO_VERSION" "cri-tools=$CRI_TOOLS_VERSION"
  add_handlers
  vacate_handlers
  configure_service "$CRIO_VERSION" crio
  remove_handlers
  prove_runtime
}

main </dev/null
