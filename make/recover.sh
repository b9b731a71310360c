#!/usr/bin/env bash
# make recover: after an engine was killed, makes the stack usable again; the next `pulumi up` finishes the work.
# Arguments: stack, and the other machine (LOCK_OF) whose run is known to have ended, if its lock is to be given back.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  # shellcheck disable=SC1091
  . .rig/env
  .venv/bin/python -m toolchain.recovery "$@"
  pulumi refresh --yes --skip-preview --clear-pending-creates --stack "$1"
  printf 'Stack %s is usable again. Next: pulumi up --stack %s\n' "$1" "$1"
  printf 'Also before a destroy: only up finds the machines that were being made.\n'
}

main "$@" </dev/null
