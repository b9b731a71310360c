#!/bin/bash
# Turns a fresh root file system into the node's: mmdebstrap calls it with the root file system's directory.
set -euo pipefail

: "${KUBELAB_NODE_FILES:?directory that holds the files to install}"

install_files() {
  local root=$1 unit
  install -D -m 0755 -t "$root/usr/local/lib/kubelab" \
    "$KUBELAB_NODE_FILES/entrypoint.sh" "$KUBELAB_NODE_FILES/runc_clamp.py" "$KUBELAB_NODE_FILES/hold_apt_locks.py"
  install -D -m 0644 -t "$root/etc/systemd/system" \
    "$KUBELAB_NODE_FILES/guestinfo-env.service" "$KUBELAB_NODE_FILES/apt-daily-at-first-boot.service"
  install -d "$root/etc/systemd/system/multi-user.target.wants"
  ln -s ../apt-daily-at-first-boot.service "$root/etc/systemd/system/multi-user.target.wants"
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

# Sources are those of a cloud image, which nothing answers here: the product sets them aside.
replace_build_settings() {
  local root=$1
  rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* \
    "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
  install -m 0644 -t "$root/etc/apt/sources.list.d" "$KUBELAB_NODE_FILES/debian.sources"
}

main() {
  install_files "$1"
  remove_identity "$1"
  replace_build_settings "$1"
}

main "$@" </dev/null
