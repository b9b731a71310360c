#!/usr/bin/env bash
# make demo-down: destroys the stack, if there is one, and stops the embedded lab.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  local stack=$1
  if [[ -f .rig/env ]]; then
    # shellcheck disable=SC1091
    . .rig/env
    if pulumi stack ls --json | jq --exit-status --arg stack "$stack" 'any(.[]; .name == $stack)' >/dev/null; then
      pulumi destroy --yes --skip-preview --stack "$stack"
    fi
  fi
  make rig-down
}

main "$@" </dev/null
