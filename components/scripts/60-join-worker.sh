#!/usr/bin/env bash
# Joins a worker to the cluster, unless its kubelet already speaks for that node.
: "${NODE_NAME:?name of the node}"
: "${KUBEADM_CONFIG?document of kubeadm join, YAML, with the token; empty: none, as the cluster has the node}"
: "${CRI_SOCKET:?the one socket of this node}"

is_member() {
  [[ -f /etc/kubernetes/kubelet.conf ]] &&
    kubectl --kubeconfig /etc/kubernetes/kubelet.conf get node "$NODE_NAME" --request-timeout 20s
}

# From here on the packages' step takes the kubelet's settings over at once.
mark_joined() { [[ -f /etc/kubelab/joined ]] || install -D -m 0644 /dev/null /etc/kubelab/joined; }

at_exit() { rm -f "${config:-}"; }

main() {
  local again="pulumi up --replace '**Command::$NODE_NAME-membership'"
  if is_member >/dev/null 2>&1; then
    mark_joined
    return 0
  fi
  [[ -n $KUBEADM_CONFIG ]] ||
    fail "joining $NODE_NAME: found a node of that name in the cluster, and no membership on this machine; to remove that node and join, run: $again"
  if [[ -e /etc/kubernetes/kubelet.conf || -e /etc/kubernetes/bootstrap-kubelet.conf ]]; then
    say 'clearing a join that did not finish'
    rm -f /etc/kubelab/joined
    logged "resetting $NODE_NAME" kubeadm reset --force --cri-socket "$CRI_SOCKET"
  fi
  config=$(mktemp)
  printf '%s' "$KUBEADM_CONFIG" >"$config"
  say "joining $NODE_NAME"
  logged "joining $NODE_NAME (see also: journalctl -u kubelet -n 50; for a new token after 15 minutes: $again)" \
    kubeadm join --config "$config"
  mark_joined
}

main </dev/null
