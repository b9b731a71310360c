#!/usr/bin/env bash
# make test: every test, on the embedded lab; a lab that was not running before is stopped again. Arguments are pytest's.
set -euo pipefail

# Labs come first: two chains of them (tests/conftest.py) run side by side, and often wait. What changes nothing but files
# of its own fills that time, and then the rest of it.
FOLDERS=(tests/e2e tests/vsphere/broken tests/unit tests/graph tests/shell tests/vsphere tests/plugin)

stop_lab() {
  [[ $was_up == true ]] || .venv/bin/python -m rig down
}

run_tests() {
  .venv/bin/python -m pytest --numprocesses $(($(nproc) + 1)) --dist loadscope --no-loadscope-reorder \
    --durations 20 --durations-min 5 "$@"
}

main() {
  cd "$(dirname "$0")/.."
  was_up=false
  if .venv/bin/python -m rig status >/dev/null; then was_up=true; fi
  trap stop_lab EXIT
  # Every container runtime, guest system and handler that can run here. Machines are containers, but for single ones.
  .venv/bin/python -m rig up --stack mixed --stack sandbox --system debian-12 --machines container --also-real
  .venv/bin/python -m tests.packages
  # shellcheck disable=SC1091 # written by the set-up
  . .rig/env
  if (($#)); then
    run_tests "$@"
    return
  fi
  run_tests "${FOLDERS[@]}"
}

main "$@" </dev/null
