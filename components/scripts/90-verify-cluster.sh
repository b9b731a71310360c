#!/usr/bin/env bash
# Proves that the cluster works, beyond what "Ready" says, from the bottom: nodes, their names and runtimes, node to node,
# pod to pod, DNS, service addresses; logs, exec and port-forward. What it made is removed again, also when it fails. With
# the argument compare it only compares the runtimes, and changes nothing; with handlers it only proves these.
# library: compare.sh
# library: layers.sh
# library: nodes.sh
# library: machine-identity.sh
# library: proof.sh
# library: handler-proof.sh

mode=verify
export KUBECONFIG=/etc/kubernetes/admin.conf

evidence() {
  say 'what the cluster shows:'
  kubectl get nodes --output wide >&2 || true
  kubectl get pods --all-namespaces --output wide >&2 || true
  kubectl get events --all-namespaces --field-selector type=Warning --sort-by .lastTimestamp 2>/dev/null | tail -n 15 >&2 || true
}

at_exit() {
  [[ $mode != compare ]] || return 0
  end_forward
  (($1 == 0)) || evidence
  remove_pods || {
    local severity=error
    (($1 == 0)) || severity=warning
    say "$severity: removing the namespace $namespace with its pods: not done after 60 s; look at: kubectl get pods -n $namespace -o yaml"
    return 1
  }
}

# Clones of a machine that was not generalised share these; their leases and pods would collide.
check_identities() {
  local field values clones
  for field in machineID systemUUID; do
    values=$(kubectl get nodes --no-headers --output "custom-columns=N:.metadata.name,V:.status.nodeInfo.$field" | without_placeholders)
    clones=$(awk 'NF == 2 && $2 != "<none>" {names[$2] = names[$2] " " $1; count[$2]++} END {for (value in count) if (count[value] > 1) print value ":" names[value]}' <<<"$values" | sort | paste -sd ';')
    [[ -z $clones ]] ||
      fail "comparing the nodes: one $field belongs to several, $clones; give the image an empty /etc/machine-id, and each machine its own BIOS UUID"
  done
}

check_nodes() {
  local found wanted
  wanted=$(awk '{print $1}' <<<"$NODES" | sort | xargs)
  await_nodes
  check_identities
  # shellcheck disable=SC2046
  kubectl wait --for condition=Ready $(awk '{print "node/" $1}' <<<"$NODES") --timeout 300s >/dev/null ||
    fail_not_ready 'waiting 300 s for the nodes to be Ready'
  # A worker that is being taken from the stack leaves only after this step.
  found=$(kubectl get nodes --output name | sed 's#^node/##' | sort | xargs)
  [[ $found == "$wanted" ]] || say "warning: the cluster has the nodes $found, declared are $wanted"
  name_cordoned_nodes
}

# A node that is not ready for the sake of the pod network says so, but not why.
fail_not_ready() {
  local unready namespace workload pods=''
  unready=$(nodes_not_ready) || unready='see below'
  while read -r namespace workload; do pods+=$(pods_not_ready "$namespace" "${workload#*/}-" || true); done <<<"$POD_NETWORK_WORKLOADS"
  fail "$1: ${unready:-see below}${pods:+; below it, and to be looked at first: $POD_NETWORK: $pods}"
}

# They are proven all the same: the proof's pods are placed there too.
name_cordoned_nodes() {
  local found
  found=$(kubectl get nodes --no-headers --output custom-columns=N:.metadata.name,U:.spec.unschedulable | awk '$2 == "true" {print $1}' | xargs)
  [[ -z $found ]] || say "warning: $found: cordoned, so that nothing new is placed there; run: kubectl uncordon $found"
}

# Any answer of a kubelet will do, a refusal too.
check_node_to_node() {
  local name address status
  while read -r name address; do
    status=0
    curl --silent --output /dev/null --max-time 5 "https://$address:10250/healthz" 2>/dev/null || status=$?
    case $status in
      5 | 6 | 7 | 28) fail "reaching the kubelet of $name at $address:10250 from $(uname -n): no answer; look at the node's power, its address and its firewall" ;;
    esac
  done <<<"$NODES"
}

# A node may be Ready before its pod network is, and a pod that is started in between is tried again only after ten
# seconds.
check_pod_network() {
  local namespace workload
  while read -r namespace workload; do
    kubectl --namespace "$namespace" rollout status "$workload" --timeout 180s >/dev/null ||
      fail_above "waiting 180 s for $workload of $POD_NETWORK"
  done <<<"$POD_NETWORK_WORKLOADS"
}

check_kube_proxy() {
  kubectl --namespace kube-system rollout status daemonset/kube-proxy --timeout 180s >/dev/null ||
    fail_above 'waiting 180 s for kube-proxy on every node'
}

check_dns() {
  kubectl --namespace kube-system rollout status deployment/coredns --timeout 180s >/dev/null ||
    fail_above "waiting 180 s for CoreDNS: $(pods_not_ready kube-system coredns-)"
}

check_service() {
  local cluster_ip node_port name address
  cluster_ip=$(in_namespace get service web --output 'jsonpath={.spec.clusterIP}')
  node_port=$(in_namespace get service web --output 'jsonpath={.spec.ports[0].nodePort}')
  wait_until 30 "the service's address $cluster_ip to answer" answers "$cluster_ip"
  while read -r name address; do
    wait_until 30 "NodePort $node_port of $name to answer at $address (if it does not, look at that node's firewall)" answers "$address:$node_port"
  done <<<"$NODES"
}

answers() { curl --fail --silent --show-error --max-time 3 "http://$1/hostname" | grep '^web-'; }

verify() {
  check_nodes
  check_pod_network
  # The other system pods settle while these start.
  start_pods
  compare_runtimes >/dev/null
  check_node_to_node
  check_pods
  check_pod_to_pod
  check_dns
  check_each_pod
  check_kube_proxy
  check_service
  check_handlers
  say 'the cluster works: nodes, runtimes, system pods, DNS, pods on every node, ClusterIP, NodePort, logs, exec, port-forward'
}

main() {
  mode=${1:-verify}
  case $mode in
    verify) verify ;;
    handlers)
      # shellcheck disable=SC2034 # the prelude's: the rows say what was proven
      give_always=true
      check_handlers
      ;;
    compare)
      # shellcheck disable=SC2034 # the prelude's: the rows say what differs
      give_always=true
      compare_runtimes
      ;;
    *) fail "verifying the cluster: found argument '$mode', wanted compare, handlers or none" ;;
  esac
}

main "$@" </dev/null
