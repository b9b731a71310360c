#!/usr/bin/env bash
# A worker's membership, seen from a control plane. admit: give a kubeconfig of the worker's own as result on stdout (a
# secret), by which it joins at any time while certificates are valid; remove: drain the node and delete it, so that
# nothing of it stays in the cluster.
# library: kubeadm.sh
: "${WORKER:?name of the worker}"
: "${CLUSTER_DOCUMENTS:?what kubeadm needs to know of the cluster, YAML}"
: "${INITIALISATION:?which initialisation of the cluster it is a member of}"
: "${RENEWAL:?how many renewals were due since the authority of the cluster was made}"

export KUBECONFIG=/etc/kubernetes/admin.conf

# What it prints is empty where there is none.
ask() { kubectl get node "$WORKER" --ignore-not-found --output name --request-timeout 20s >"$answer"; }

at_exit() { rm -f "${answer:-}"; }

# A kubelet may ask for the certificate of its own node, and for nothing of others.
admit() {
  log_step "admits $WORKER to the cluster of $INITIALISATION, renewal $RENEWAL"
  issue_kubeconfig "$CLUSTER_DOCUMENTS" "system:node:$WORKER" system:nodes
}

remove() {
  answer=$(mktemp)
  wait_until 120 "the cluster to say whether it has $WORKER" ask
  [[ -s $answer ]] || return 0
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
