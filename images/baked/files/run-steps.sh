#!/usr/bin/env bash
# Runs the steps that lie beside this file, in the order of their names, in the root of an image. Before systemctl and
# journalctl stand programs of ours, as no systemd runs there.
set -euo pipefail

here=/run/kubelab-image
export PATH=$here/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
[[ ! -s $here/apt.conf ]] || export APT_CONFIG=$here/apt.conf

main() {
  local step seconds status
  for step in "$here"/steps/*.sh; do
    seconds=$(<"${step%.sh}.seconds")
    printf '== %s\n' "${step##*/}"
    status=0
    timeout --kill-after=10 "$seconds" bash -s <"$step" || status=$?
    ((status == 0)) || break
  done
  systemctl stop-all
  if ((status == 124)); then echo "error: ${step##*/} was not done after $seconds s" >&2; fi
  ((status == 0)) || { tail -n 20 /run/kubelab-daemons/*.log 2>/dev/null || true; } | cut -c -300
  return "$status"
}

main "$@" </dev/null
