#!/usr/bin/env bash
# make unit: what needs nothing but .venv; slow tests are named at the end. Arguments are pytest's.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  PATH=$PWD/.venv/bin:$PATH
  .venv/bin/python -m pytest --numprocesses auto --dist worksteal -m 'not host' --durations 10 --durations-min 1 \
    tests/unit tests/graph "$@"
}

main "$@" </dev/null
