#!/usr/bin/env bash
# make test: every test, on the embedded lab; a lab that was not running before is stopped again.
set -euo pipefail

stop_lab() {
  [[ $was_up == true ]] || .venv/bin/python -m rig down
}

main() {
  cd "$(dirname "$0")/.."
  was_up=false
  if .venv/bin/python -m rig status >/dev/null; then was_up=true; fi
  trap stop_lab EXIT
  .venv/bin/python -m rig up --stack mixed # every container runtime
  # shellcheck disable=SC1091 # written by the set-up
  . .rig/env
  .venv/bin/python -m pytest "$@"
}

main "$@" </dev/null
