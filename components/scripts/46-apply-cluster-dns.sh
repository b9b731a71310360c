#!/usr/bin/env bash
# Applies kubeadm's CoreDNS, unless it is there, once the pod network runs somewhere. A pod that is started before that
# fails, and is tried again only after ten seconds and more.
# library: layers.sh

config=/etc/kubelab/kubeadm-init.yaml
export KUBECONFIG=/etc/kubernetes/admin.conf

pod_network_runs() {
  local namespace workload ready
  while read -r namespace workload; do
    ready=$(kubectl --namespace "$namespace" get "$workload" --output 'jsonpath={.status.numberReady}{.status.readyReplicas}') || return 1
    ((${ready:-0} > 0)) || {
      echo "$workload in $namespace has no pod that is ready: $(pods_not_ready "$namespace" "${workload#*/}-")"
      return 1
    }
  done <<<"$POD_NETWORK_WORKLOADS"
}

main() {
  local found
  found=$(kubectl --namespace kube-system get deployment coredns --ignore-not-found --output name)
  [[ -z $found ]] || return 0
  wait_until 240 "$POD_NETWORK to run on a node" pod_network_runs
  logged 'applying CoreDNS' kubeadm init phase addon coredns --config "$config"
}

main </dev/null
