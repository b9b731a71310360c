#!/bin/bash
# Enables a package's units, and starts them if the package says so; an upgrade restarts what ran (what containers'
# engines leave running stays, see KillMode in their units). The package's own settings stand below these lines.
set -euo pipefail

: "${UNITS:?units, separated by spaces}"
: "${STARTS:?whether they are started when they are new: yes or no}"
: "${GROUP?system group that they need, or empty}"

enable_unit() {
  deb-systemd-helper unmask "$1" >/dev/null
  if deb-systemd-helper --quiet was-enabled "$1"; then
    deb-systemd-helper enable "$1" >/dev/null
  else
    deb-systemd-helper update-state "$1" >/dev/null
  fi
}

# act ACTION UNIT...: a service that does not start must not leave the package half-configured.
act() {
  deb-systemd-invoke "$@" >/dev/null ||
    printf '%s did not %s; see: journalctl -u %s\n' "${*:2}" "$1" "${*: -1}" >&2
}

main() {
  case "$1" in
    configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
    *) return 0 ;;
  esac
  local units unit
  read -ra units <<<"$UNITS"
  if [[ -n $GROUP ]] && ! getent group "$GROUP" >/dev/null; then
    groupadd --system "$GROUP"
  fi
  for unit in "${units[@]}"; do
    enable_unit "$unit"
  done
  [[ -d /run/systemd/system ]] || return 0
  systemctl --system daemon-reload
  if [[ $STARTS == yes && -z ${2-} ]]; then
    act start "${units[@]}"
  elif [[ $STARTS == yes ]]; then
    act restart "${units[@]}"
  elif [[ $1 == configure && -n ${2-} ]]; then
    act try-restart "${units[@]}"
  fi
}

main "$@" </dev/null
