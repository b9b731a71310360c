#!/bin/bash
# Stops a package's units before their files go. The package's own settings stand below these lines.
set -euo pipefail

: "${UNITS:?units, separated by spaces}"

main() {
  local units
  read -ra units <<<"$UNITS"
  if [[ $1 == remove && -d /run/systemd/system ]]; then
    deb-systemd-invoke stop "${units[@]}" >/dev/null
  fi
}

main "$@" </dev/null
