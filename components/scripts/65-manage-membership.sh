#!/usr/bin/env bash
# A worker's membership, seen from the control plane. admit: wait for its node, delete the token it joined with, and
# refuse a machine that is the clone of another;
# remove: drain the node and delete it, so that nothing of it stays in the cluster.
: "${WORKER:?name of the worker}"
: "${TOKEN:?the token the worker joined with}"

export KUBECONFIG=/etc/kubernetes/admin.conf

node_exists() { kubectl get node "$WORKER" --output name; }

# Clones of a machine that was not generalised share these; their leases and pods would collide.
check_identity() {
  local field own others
  for field in machineID systemUUID; do
    own=$(kubectl get node "$WORKER" --output "jsonpath={.status.nodeInfo.$field}")
    [[ -n $own ]] || continue
    others=$(kubectl get nodes --no-headers --output "custom-columns=N:.metadata.name,V:.status.nodeInfo.$field" |
      awk -v worker="$WORKER" -v own="$own" '$1 != worker && $2 == own {print $1}')
    [[ -z $others ]] ||
      fail "admitting $WORKER: it has the $field of $others, $own; give the image an empty /etc/machine-id, and each machine its own BIOS UUID"
  done
}

admit() {
  wait_until 240 "node $WORKER to register" node_exists
  local id=${TOKEN%%.*} tokens
  tokens=$(kubeadm token list)
  if [[ $tokens == *"$id."* ]]; then
    kubeadm token delete "$id" >/dev/null
  fi
  check_identity
}

remove() {
  local found
  found=$(kubectl get node "$WORKER" --ignore-not-found --output name)
  [[ -n $found ]] || return 0
  say "draining $WORKER"
  kubectl drain "$WORKER" --ignore-daemonsets --delete-emptydir-data --force --timeout 120s >&2 ||
    say "warning: draining $WORKER did not finish in 120 s; deleting it all the same"
  kubectl delete node "$WORKER" --timeout 60s >&2
}

main() {
  case ${1:-} in
    admit | remove) "$1" ;;
    *) fail "managing the membership of $WORKER: found argument '${1:-}', wanted admit or remove" ;;
  esac
}

main "$@" </dev/null
