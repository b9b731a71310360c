#!/usr/bin/env bash
# make test: every test, on the embedded lab; a lab that was not running before is stopped again. Arguments are pytest's.
set -euo pipefail

# What changes nothing but files of its own runs side by side; what needs the lab comes after it, one test at a time.
FOLDERS=(tests/unit tests/graph tests/shell tests/vsphere tests/plugin tests/e2e)

stop_lab() {
  [[ $was_up == true ]] || .venv/bin/python -m rig down
}

main() {
  cd "$(dirname "$0")/.."
  was_up=false
  if .venv/bin/python -m rig status >/dev/null; then was_up=true; fi
  trap stop_lab EXIT
  # Every container runtime; tests are made for containers.
  .venv/bin/python -m rig up --stack mixed --machines container
  # shellcheck disable=SC1091 # written by the set-up
  . .rig/env
  (($#)) || set -- "${FOLDERS[@]}"
  .venv/bin/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder \
    --durations 20 --durations-min 5 "$@"
}

main "$@" </dev/null
