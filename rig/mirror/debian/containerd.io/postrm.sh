#!/bin/bash
# Forgets the unit; purging also forgets whether it was enabled.
set -euo pipefail

main() {
  if [[ -d /run/systemd/system ]]; then
    systemctl --system daemon-reload
  fi
  command -v deb-systemd-helper >/dev/null || return 0
  case "$1" in
    remove) deb-systemd-helper mask containerd.service >/dev/null ;;
    purge)
      deb-systemd-helper purge containerd.service >/dev/null
      deb-systemd-helper unmask containerd.service >/dev/null
      ;;
  esac
}

main "$@" </dev/null
