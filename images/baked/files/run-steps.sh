#!/usr/bin/env bash
# Runs the steps that lie beside this file, in the order of their names, in the root of an image. Before systemctl and
# journalctl stand programs of ours, as no systemd runs there.
set -euo pipefail

here=/run/kubelab-image
export PATH=$here/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
[[ ! -s $here/apt.conf ]] || export APT_CONFIG=$here/apt.conf

state=/run/kubelab-daemons

# What went wrong comes last, behind what the services said.
explain() {
  { tail -n 20 "$state"/*.log 2>/dev/null || true; } | cut -c -300
  if (($1 == 124)); then echo "error: $2 was not done in time"; fi
  grep '^error: ' "$state/words" || true
}

main() {
  local step seconds status=0 told teller
  exec {told}> >(exec tee "$state/words" >&2)
  teller=$!
  for step in "$here"/steps/*.sh; do
    seconds=$(<"${step%.sh}.seconds")
    printf '== %s\n' "${step##*/}" >&"$told"
    timeout --kill-after=10 "$seconds" bash -s <"$step" 2>&"$told" {told}>&- || status=$?
    ((status == 0)) || break
  done
  systemctl stop-all {told}>&-
  exec {told}>&-
  wait "$teller" || true
  ((status == 0)) || explain "$status" "${step##*/}" >&2
  return "$status"
}

main "$@" </dev/null
