#!/usr/bin/env bash
# A worker's membership, seen from a control plane. admit: mint a join token of 15 minutes, unless the cluster has the
# node, and give it with the hash of the authority's key as result on stdout (a secret; - in place of a token: none);
# remove: drain the node and delete it, so that nothing of it stays in the cluster.
: "${WORKER:?name of the worker}"
: "${INITIALISATION:?which initialisation of the cluster it is a member of}"

export KUBECONFIG=/etc/kubernetes/admin.conf

# What it prints is empty where there is none; a cluster that does not answer is a failure.
registered_node() { kubectl get node "$WORKER" --ignore-not-found --output name; }

admit() {
  local found hash
  found=$(registered_node)
  hash=$(openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum)
  if [[ -n $found ]]; then
    echo -
  else
    log_step "admits $WORKER to the cluster of $INITIALISATION"
    kubeadm token create --ttl 15m --description "kubelab: join of $WORKER"
  fi
  printf 'sha256:%s\n' "${hash%% *}"
}

remove() {
  local found
  found=$(registered_node)
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
