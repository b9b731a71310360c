#!/usr/bin/env bash
# Stands before journalctl in the root of an image: what a service said that was started there by hand.
set -euo pipefail

main() {
  while (($# > 0)); do
    [[ $1 != --unit ]] || cat "/run/kubelab-daemons/$2.log" 2>/dev/null || true
    shift
  done
}

main "$@" </dev/null
