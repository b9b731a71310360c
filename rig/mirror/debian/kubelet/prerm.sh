#!/bin/bash
# Stops the service before its files go.
set -euo pipefail

main() {
  if [[ $1 == remove && -d /run/systemd/system ]]; then
    deb-systemd-invoke stop kubelet.service >/dev/null
  fi
}

main "$@" </dev/null
