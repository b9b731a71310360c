#!/usr/bin/env bash
# A worker's membership, seen from the control plane. admit: wait for its node and delete the token it joined with;
# remove: drain the node and delete it, so that nothing of it stays in the cluster.
: "${WORKER:?name of the worker}"
: "${TOKEN:?the token the worker joined with}"

export KUBECONFIG=/etc/kubernetes/admin.conf

node_exists() { kubectl get node "$WORKER" --output name; }

admit() {
  wait_until 240 "node $WORKER to register" node_exists
  local id=${TOKEN%%.*}
  if [[ $(kubeadm token list) == *"$id."* ]]; then
    kubeadm token delete "$id" >/dev/null
  fi
}

remove() {
  if ! node_exists >/dev/null 2>&1; then return 0; fi
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
