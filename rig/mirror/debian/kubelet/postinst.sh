#!/bin/bash
# Enables the kubelet. It is not started: before kubeadm has configured it, it could only fail.
set -euo pipefail

main() {
  case "$1" in
    configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
    *) return 0 ;;
  esac
  deb-systemd-helper unmask kubelet.service >/dev/null
  if deb-systemd-helper --quiet was-enabled kubelet.service; then
    deb-systemd-helper enable kubelet.service >/dev/null
  else
    deb-systemd-helper update-state kubelet.service >/dev/null
  fi
  [[ -d /run/systemd/system ]] || return 0
  systemctl --system daemon-reload
  if [[ $1 == configure && -n ${2-} ]]; then
    deb-systemd-invoke try-restart kubelet.service >/dev/null
  fi
}

main "$@" </dev/null
