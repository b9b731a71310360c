#!/usr/bin/env bash
# make demo: from a bare machine to a cluster, with the time of each phase at the end.
set -euo pipefail

phases=()

# phase NAME COMMAND...
phase() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@"
  phases+=("$(printf '%6d s  %s' $((SECONDS - began)) "$name")")
}

up() {
  # shellcheck disable=SC1091 # written by the set-up
  . .rig/env
  pulumi stack select "$1" 2>/dev/null || pulumi stack init "$1"
  pulumi up --yes --skip-preview --stack "$1"
}

show_nodes() {
  # shellcheck disable=SC1091
  . .rig/env
  make/kubeconfig.sh "$1" >/dev/null
  KUBECONFIG=.state/kubeconfig-$1 kubectl get nodes --output wide
}

main() {
  cd "$(dirname "$0")/.."
  local stack=$1 machines=$2
  phase 'set-up' make setup
  phase 'embedded lab' make rig STACK="$stack" MACHINES="$machines"
  phase 'pulumi up' up "$stack"
  phase 'kubectl get nodes' show_nodes "$stack"
  printf '\n'
  printf '%s\n' "${phases[@]}"
  printf '\nNext: %s\n' "make kubeconfig STACK=$stack · make demo-down STACK=$stack"
}

main "$@" </dev/null
