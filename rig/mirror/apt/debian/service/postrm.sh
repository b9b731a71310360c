#!/bin/bash
# Forgets a package's units; purging also forgets whether they were enabled. The package's own settings stand below
# these lines.
set -euo pipefail

: "${UNITS:?units, separated by spaces}"

main() {
  local units
  read -ra units <<<"$UNITS"
  if [[ -d /run/systemd/system ]]; then
    systemctl --system daemon-reload
  fi
  command -v deb-systemd-helper >/dev/null || return 0
  case "$1" in
    remove) deb-systemd-helper mask "${units[@]}" >/dev/null ;;
    purge)
      deb-systemd-helper purge "${units[@]}" >/dev/null
      deb-systemd-helper unmask "${units[@]}" >/dev/null
      ;;
  esac
}

main "$@" </dev/null
