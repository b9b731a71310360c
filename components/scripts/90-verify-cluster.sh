#!/usr/bin/env bash
# Proves that the cluster works, beyond what "Ready" says: names, runtimes, system pods, a pod on every node, service
# addresses, DNS, logs, exec and port-forward. What it made is removed again, also when it fails. With the argument
# compare it only compares the runtimes, and changes nothing.
# library: compare.sh
: "${NODES:?lines of: node name, address}"
: "${POD_SUBNET:?CIDR that every pod address must lie in}"
: "${POD_NETWORK:?name of the pod network}"
: "${POD_NETWORK_WORKLOADS:?lines of: namespace, kind/name; what must run of the pod network}"
: "${POD_NETWORK_LOOK_AT:?what to look at when pods of different nodes do not reach each other}"
: "${DNS_DOMAIN:?the cluster domain}"
: "${TEST_IMAGE:?the agnhost image}"

namespace=kubelab-verification
mode=verify
export KUBECONFIG=/etc/kubernetes/admin.conf

evidence() {
  say 'what the cluster shows:'
  kubectl get nodes --output wide >&2 || true
  kubectl get pods --all-namespaces --output wide >&2 || true
  kubectl get events --all-namespaces --field-selector type=Warning --sort-by .lastTimestamp 2>/dev/null | tail -n 15 >&2 || true
}

at_exit() {
  [[ $mode == verify ]] || return 0
  end_forward
  (($1 == 0)) || evidence
  remove_pods || {
    local severity=error
    (($1 == 0)) || severity=warning
    say "$severity: removing the namespace $namespace: it is still there after 90 s; look at: kubectl get namespace $namespace -o yaml"
    return 1
  }
}

# The pods first: a namespace that still has some is deleted only after pauses of several seconds.
remove_pods() {
  in_namespace delete deployment,service web --ignore-not-found --timeout 60s >/dev/null &&
    in_namespace wait --for delete pod --selector app=web --timeout 60s >/dev/null &&
    kubectl delete namespace "$namespace" --ignore-not-found --timeout 90s >/dev/null
}

in_namespace() { kubectl --namespace "$namespace" "$@"; }

address_number() {
  local IFS=. a b c d
  read -r a b c d <<<"$1"
  echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

is_in_subnet() {
  local bits=${2#*/} mask
  mask=$((bits == 0 ? 0 : (0xffffffff << (32 - bits)) & 0xffffffff))
  ((($(address_number "$1") & mask) == ($(address_number "${2%/*}") & mask)))
}

are_registered() {
  local found missing
  found=$(kubectl get nodes --output name) || return 1
  missing=$(awk '{print "node/" $1}' <<<"$NODES" | grep -vxF "$found" || true)
  [[ -z $missing ]] || {
    echo "found ${found//$'\n'/ }, missing ${missing//$'\n'/ }"
    return 1
  }
}

# Clones of a machine that was not generalised share these; their leases and pods would collide.
check_identities() {
  local field values clones
  for field in machineID systemUUID; do
    values=$(kubectl get nodes --no-headers --output "custom-columns=N:.metadata.name,V:.status.nodeInfo.$field")
    clones=$(awk 'NF == 2 && $2 != "<none>" {names[$2] = names[$2] " " $1; count[$2]++} END {for (value in count) if (count[value] > 1) print value ":" names[value]}' <<<"$values" | sort | paste -sd ';')
    [[ -z $clones ]] ||
      fail "comparing the nodes: one $field belongs to several, $clones; give the image an empty /etc/machine-id, and each machine its own BIOS UUID"
  done
}

check_nodes() {
  local found wanted
  wanted=$(awk '{print $1}' <<<"$NODES" | sort | xargs)
  wait_until 240 'every node to register' are_registered
  check_identities
  # shellcheck disable=SC2046
  kubectl wait --for condition=Ready $(awk '{print "node/" $1}' <<<"$NODES") --timeout 300s >/dev/null ||
    fail "waiting 300 s for the nodes $wanted to be Ready: see below"
  # A worker that is being taken from the stack leaves only after this step.
  found=$(kubectl get nodes --output name | sed 's#^node/##' | sort | xargs)
  [[ $found == "$wanted" ]] || say "warning: the cluster has the nodes $found, declared are $wanted"
}

check_system_pods() {
  local namespace workload
  while read -r namespace workload; do
    kubectl --namespace "$namespace" rollout status "$workload" --timeout 180s >/dev/null ||
      fail "waiting 180 s for $workload of $POD_NETWORK: see below"
  done <<<"$POD_NETWORK_WORKLOADS"
  kubectl --namespace kube-system rollout status daemonset/kube-proxy --timeout 180s >/dev/null ||
    fail 'waiting 180 s for kube-proxy on every node: see below'
}

check_dns() {
  kubectl --namespace kube-system rollout status deployment/coredns --timeout 180s >/dev/null ||
    fail 'waiting 180 s for CoreDNS: see below'
}

# One on each node, so that each runtime is proven.
start_pods() {
  local replicas
  replicas=$(wc -l <<<"$NODES")
  remove_pods
  kubectl create namespace "$namespace" >/dev/null
  in_namespace apply --filename - >/dev/null <<-YAML
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web}
	spec:
	  replicas: $replicas
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec:
	      terminationGracePeriodSeconds: 1
	      tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]
	      affinity:
	        podAntiAffinity:
	          requiredDuringSchedulingIgnoredDuringExecution:
	            - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}
	      containers:
	        - name: web
	          image: $TEST_IMAGE
	          args: [netexec, --http-port=8080]
	          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
	---
	apiVersion: v1
	kind: Service
	metadata: {name: web}
	spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
	YAML
}

check_pods() {
  in_namespace rollout status deployment/web --timeout 180s >/dev/null ||
    fail "waiting 180 s for the pods of $TEST_IMAGE: see below"
  local pod address node before nodes pods
  nodes=$(in_namespace get pods --no-headers --output custom-columns=N:.spec.nodeName | sort | uniq -d)
  [[ -z $nodes ]] || fail "placing pods: two of them share the node $nodes"
  pods=$(in_namespace get pods --no-headers --output custom-columns=P:.metadata.name,A:.status.podIP,N:.spec.nodeName)
  # In a ring, so that each reaches and is reached.
  before=$(tail -n 1 <<<"$pods" | awk '{print $2}')
  while read -r pod address node; do
    is_in_subnet "$address" "$POD_SUBNET" || fail "checking the address of pod $pod on $node: found $address, wanted one inside $POD_SUBNET"
    check_connection "$pod" "$node" "kubernetes.default.svc.$DNS_DOMAIN:443" 'kubectl -n kube-system logs deployment/coredns'
    check_connection "$pod" "$node" "$before:8080" "$POD_NETWORK_LOOK_AT"
    before=$address
    [[ -n $(in_namespace logs "$pod" --tail 5) ]] || fail "reading the log of pod $pod on $node: it is empty"
    check_port_forward "$pod" "$node"
  done <<<"$pods"
}

# check_connection POD NODE ADDRESS LOOK: by a command inside the pod, so that exec is proven too.
check_connection() {
  local output
  output=$(in_namespace exec "$1" -- /agnhost connect "$3" --timeout 10s 2>&1) ||
    fail "reaching $3 from pod $1 on $2: $output; look at $4"
}

check_port_forward() {
  forwarded=$(mktemp)
  # Not by in_namespace: the process to be ended would be a shell, and kubectl its child would stay.
  kubectl --namespace "$namespace" port-forward "pod/$1" :8080 >"$forwarded" 2>&1 &
  forwarder=$!
  wait_until 20 "the port that is forwarded to pod $1 on $2 to answer" answers_forwarded
  end_forward
}

answers_forwarded() {
  local port
  port=$(sed -nE 's/^Forwarding from 127\.0\.0\.1:([0-9]+) .*/\1/p' "$forwarded")
  if [[ -z $port ]] || ! answers "127.0.0.1:$port"; then
    cat "$forwarded"
    return 1
  fi
}

end_forward() {
  [[ -z ${forwarder:-} ]] || kill "$forwarder" 2>/dev/null || true
  [[ -z ${forwarder:-} ]] || wait "$forwarder" 2>/dev/null || true
  forwarder=''
  rm -f "${forwarded:-}"
}

check_service() {
  local cluster_ip node_port name address
  cluster_ip=$(in_namespace get service web --output 'jsonpath={.spec.clusterIP}')
  node_port=$(in_namespace get service web --output 'jsonpath={.spec.ports[0].nodePort}')
  wait_until 30 "the service's address $cluster_ip to answer" answers "$cluster_ip"
  while read -r name address; do
    wait_until 30 "NodePort $node_port of $name to answer at $address" answers "$address:$node_port"
  done <<<"$NODES"
}

answers() { curl --fail --silent --show-error --max-time 3 "http://$1/hostname" | grep '^web-'; }

verify() {
  check_nodes
  # The system pods settle while these start.
  start_pods
  compare_runtimes >/dev/null
  check_dns
  check_pods
  check_service
  check_system_pods
  say 'the cluster works: nodes, runtimes, system pods, DNS, pods on every node, ClusterIP, NodePort, logs, exec, port-forward'
}

main() {
  mode=${1:-verify}
  case $mode in
    verify) verify ;;
    compare) compare_runtimes ;;
    *) fail "verifying the cluster: found argument '$mode', wanted compare or none" ;;
  esac
}

main "$@" </dev/null
