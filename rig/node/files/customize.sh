#!/bin/bash
# Turns a fresh root file system into the node's: mmdebstrap calls it with the root file system's directory.
set -euo pipefail

: "${KUBELAB_NODE_FILES:?directory that holds the files to install}"

install_files() {
  local root=$1 unit
  install -D -m 0755 -t "$root/usr/local/lib/kubelab" \
    "$KUBELAB_NODE_FILES/entrypoint.sh" "$KUBELAB_NODE_FILES/runc-clamp.sh"
  install -D -m 0644 -t "$root/etc/systemd/system" "$KUBELAB_NODE_FILES/guestinfo-env.service"
  install -D -m 0644 -t "$root/etc/cloud/cloud.cfg.d" "$KUBELAB_NODE_FILES/99-kubelab.cfg"
  for unit in cloud-init-local cloud-init cloud-config cloud-final; do
    install -D -m 0644 "$KUBELAB_NODE_FILES/guestinfo.conf" "$root/etc/systemd/system/$unit.service.d/guestinfo.conf"
  done
}

# What must differ from node to node is made by each at its first boot; what belongs to the build host stays there.
remove_identity() {
  local root=$1
  rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/etc/hosts"
  truncate -s 0 "$root/etc/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
  rm -rf "$root/var/lib/cloud"
}

# The product writes the apt sources that it wants.
remove_build_settings() {
  local root=$1
  rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* \
    "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}

main() {
  install_files "$1"
  remove_identity "$1"
  remove_build_settings "$1"
}

main "$@" </dev/null
