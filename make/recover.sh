#!/usr/bin/env bash
# make recover: after an engine was killed, makes the stack usable again; the next `pulumi up` finishes the work.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  # shellcheck disable=SC1091
  . .rig/env
  pulumi cancel --yes --stack "$1"
  pulumi refresh --yes --skip-preview --clear-pending-creates --stack "$1"
  printf 'Stack %s is usable again. Next: pulumi up --stack %s\n' "$1" "$1"
  printf 'Also before a destroy: only up finds the machines that were being made.\n'
}

main "$@" </dev/null
