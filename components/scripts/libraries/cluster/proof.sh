# shellcheck shell=bash
# The proof's own pods, one on each node: where they are, whom they reach, and what a user can ask of them.
: "${POD_SUBNET:?CIDR that every pod address must lie in}"
: "${POD_NETWORK_LOOK_AT:?what to look at when pods of different nodes do not reach each other}"
: "${DNS_DOMAIN:?the cluster domain}"
: "${TEST_IMAGE:?the agnhost image}"

namespace=kubelab-verification
# Lines of: name, address, node.
pods=''

# The pods first: a namespace that still has some is deleted only after pauses of several seconds. That it is gone takes
# the cluster as long again, and is waited for by whoever wants to use it anew.
remove_pods() {
  if [[ -n $HANDLER_PROOFS ]]; then remove_handler_proof || return 1; fi
  in_namespace delete daemonset,deployment,service web --ignore-not-found --timeout 60s >/dev/null &&
    in_namespace wait --for delete pod --selector app=web --timeout 60s >/dev/null &&
    kubectl delete namespace "$namespace" --ignore-not-found --wait=false >/dev/null
}

make_namespace() {
  if ! remove_pods || ! kubectl wait --for delete "namespace/$namespace" --timeout 90s >/dev/null; then
    fail "removing the namespace $namespace of an earlier proof: it is still there; look at: kubectl get namespace $namespace -o yaml"
  fi
  kubectl create namespace "$namespace" >/dev/null
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

# One on each node, so that each runtime is proven; a taint or a cordon is no obstacle.
start_pods() {
  make_namespace
  in_namespace apply --filename - >/dev/null <<-YAML
	apiVersion: apps/v1
	kind: DaemonSet
	metadata: {name: web}
	spec:
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec:
	      terminationGracePeriodSeconds: 1
	      tolerations: [{operator: Exists}]
	      affinity:
	        nodeAffinity:
	          requiredDuringSchedulingIgnoredDuringExecution:
	            nodeSelectorTerms:
	              - matchExpressions:
	                  - {key: kubernetes.io/hostname, operator: In, values: [$(awk '{print $1}' <<<"$NODES" | paste -sd ',')]}
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
  local found wanted pod address node
  in_namespace rollout status daemonset/web --timeout 180s >/dev/null ||
    fail_above "waiting 180 s for the pods of $TEST_IMAGE: $(pods_not_ready "$namespace" web-)"
  pods=$(in_namespace get pods --no-headers --output custom-columns=P:.metadata.name,A:.status.podIP,N:.spec.nodeName)
  found=$(awk '{print $3}' <<<"$pods" | sort | xargs)
  wanted=$(awk '{print $1}' <<<"$NODES" | sort | xargs)
  [[ $found == "$wanted" ]] || fail_above "placing pods: found one on each of $found, wanted $wanted"
  while read -r pod address node; do
    is_in_subnet "$address" "$POD_SUBNET" || fail "checking the address of pod $pod on $node: found $address, wanted one inside $POD_SUBNET"
  done <<<"$pods"
}

check_pod_to_pod() {
  local pod address node before
  # In a ring, so that each reaches and is reached.
  before=$(tail -n 1 <<<"$pods" | awk '{print $2}')
  while read -r pod address node; do
    check_connection "$pod" "$node" "$before:8080" "$POD_NETWORK_LOOK_AT"
    before=$address
  done <<<"$pods"
}

check_each_pod() {
  local pod address node
  while read -r pod address node; do
    check_connection "$pod" "$node" "kubernetes.default.svc.$DNS_DOMAIN:443" 'kubectl -n kube-system logs deployment/coredns'
    [[ -n $(in_namespace logs "$pod" --tail 5) ]] || fail "reading the log of pod $pod on $node: it is empty"
    check_port_forward "$pod" "$node"
  done <<<"$pods"
}

# check_connection POD NODE ADDRESS LOOK: by a command inside the pod, so that exec is proven too.
check_connection() {
  local output
  output=$(in_namespace exec "$1" -- /agnhost connect "$3" --timeout 10s 2>&1) ||
    fail_above "reaching $3 from pod $1 on $2: $output; look at $4"
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
