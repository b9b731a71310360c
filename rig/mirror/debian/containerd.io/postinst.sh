#!/bin/bash
# Enables containerd and starts it; an upgrade restarts it (running containers stay, see KillMode in the unit).
set -euo pipefail

main() {
  case "$1" in
    configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
    *) return 0 ;;
  esac
  deb-systemd-helper unmask containerd.service >/dev/null
  if deb-systemd-helper --quiet was-enabled containerd.service; then
    deb-systemd-helper enable containerd.service >/dev/null
  else
    deb-systemd-helper update-state containerd.service >/dev/null
  fi
  [[ -d /run/systemd/system ]] || return 0
  systemctl --system daemon-reload
  local action=start
  [[ -z ${2-} ]] || action=restart
  # A service that does not start must not leave the package half-configured.
  deb-systemd-invoke "$action" containerd.service >/dev/null ||
    printf 'containerd.service did not %s; see: journalctl -u containerd\n' "$action" >&2
}

main "$@" </dev/null
