#!/bin/bash
# Forgets the unit; purging also forgets whether it was enabled.
set -euo pipefail

main() {
  if [[ -d /run/systemd/system ]]; then
    systemctl --system daemon-reload
  fi
  command -v deb-systemd-helper >/dev/null || return 0
  case "$1" in
    remove) deb-systemd-helper mask kubelet.service >/dev/null ;;
    purge)
      deb-systemd-helper purge kubelet.service >/dev/null
      deb-systemd-helper unmask kubelet.service >/dev/null
      ;;
  esac
}

main "$@" </dev/null
