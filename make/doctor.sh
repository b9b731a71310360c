#!/usr/bin/env bash
# make doctor: of each node of a running stack, what its runtime is declared, configured, answering and reported to be.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  # shellcheck disable=SC1091
  . .rig/env
  .venv/bin/python -m doctor "$1"
}

main "$@" </dev/null
