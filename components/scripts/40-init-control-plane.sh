#!/usr/bin/env bash
# Initialises the control plane once, and gives a client's kubeconfig as result on stdout (a secret).
: "${NODE_NAME:?name of the node}"
: "${KUBEADM_CONFIG:?documents of kubeadm init, YAML}"
: "${API_ENDPOINT:?host:port of the API server}"

config=/etc/kubelab/kubeadm-init.yaml
initialised_with=/etc/kubelab/kubeadm-init.applied.yaml
export KUBECONFIG=/etc/kubernetes/admin.conf

is_ready() { [[ -f $KUBECONFIG ]] && kubectl get --raw /readyz --request-timeout 5s; }

initialise() {
  if [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml || -e /var/lib/etcd/member ]]; then
    say 'clearing an init that did not finish'
    logged "resetting $NODE_NAME" kubeadm reset --force
  fi
  say "initialising the control plane of $API_ENDPOINT"
  logged "initialising the control plane on $NODE_NAME (see also: journalctl -u kubelet -n 50)" \
    kubeadm init --config "$config" --skip-token-print
  delete_tokens
  install -m 0600 "$config" "$initialised_with"
}

# init always makes a token of a day; workers get one of their own, of minutes.
delete_tokens() {
  local tokens id rest
  tokens=$(kubeadm token list)
  while IFS=. read -r id rest; do
    [[ -z $id || $id == TOKEN* ]] || kubeadm token delete "$id" >&2
  done <<<"$tokens"
}

check_unchanged() {
  local changes
  changes=$(diff "$initialised_with" "$config" | grep '^[<>]' || true)
  [[ -z $changes ]] ||
    fail "comparing the declared cluster with the running one on $NODE_NAME: $changes; revert the change, or destroy the lab and build it anew"
}

main() {
  write_files "=== 0600 $config"$'\n'"$KUBEADM_CONFIG"
  kubeadm config validate --config "$config" >/dev/null
  if [[ -f $initialised_with ]]; then
    check_unchanged
    wait_until 120 "the API server at $API_ENDPOINT" is_ready
  else
    initialise
  fi
  # admin.conf cannot be revoked and stays on the node; the user gets a certificate of their own.
  kubeadm kubeconfig user --config "$config" --client-name kubelab --org kubeadm:cluster-admins --validity-period 8760h
}

main </dev/null
