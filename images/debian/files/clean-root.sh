#!/usr/bin/env bash
# clean-root.sh ROOT: takes out of a root file system what is not the image's, but of whoever made it or of a machine.
set -euo pipefail

# What must differ from machine to machine is made by each at its first boot; what belongs to this one stays here.
remove_identity() {
  local root=$1
  rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id" "$root/etc/mailname" \
    "$root/var/lib/systemd/random-seed" "$root/var/lib/systemd/credential.secret"
  rm -rf "$root/var/lib/cloud"
  truncate -s 0 "$root/etc/machine-id" "$root/etc/hostname"
  ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
}

# Times and orders of this run, which nobody needs.
remove_traces() {
  local root=$1
  find "$root/var/log" -type f -delete
  rm -rf "$root"/var/cache/man/* "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/tmp/* \
    "$root"/etc/{passwd,group,shadow,gshadow,subuid,subgid}- "$root"/var/cache/ldconfig/aux-cache \
    "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin
}

main() {
  remove_identity "$1"
  remove_traces "$1"
}

main "$@" </dev/null
