#!/usr/bin/env bash
# make e2e-real: builds the stack sandbox with every handler on a real ESXi host, proves it, and destroys it again.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  [[ -f ${1:-} ]] || {
    echo "error: proving sandboxed pods on a real host: found no site file '${1:-}'; run: make e2e-real SITE=stacks/site.yaml" >&2
    exit 1
  }
  .venv/bin/python -m tests.packages
  # shellcheck disable=SC1091 # written by the set-up
  . .rig/env
  KUBELAB_E2E_SITE=$(realpath "$1") .venv/bin/python -m pytest --numprocesses 0 tests/e2e/sandbox
}

main "$@" </dev/null
