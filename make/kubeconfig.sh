#!/usr/bin/env bash
# make kubeconfig: writes the stack's kubeconfig to a file that only its owner can read, and prints the export line.
set -euo pipefail

main() {
  cd "$(dirname "$0")/.."
  # shellcheck disable=SC1091
  . .rig/env
  local file=$PWD/.state/kubeconfig-$1 new
  new=$(umask 077 && mktemp --tmpdir=.state)
  pulumi stack output kubeconfig --show-secrets --stack "$1" >"$new" || {
    rm -f "$new"
    printf 'error: reading the kubeconfig of stack %s: no such output; run: pulumi up --stack %s\n' "$1" "$1" >&2
    return 1
  }
  mv "$new" "$file"
  printf 'export KUBECONFIG=%s\n' "$file"
}

main "$@" </dev/null
