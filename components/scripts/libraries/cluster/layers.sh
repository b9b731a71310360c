# shellcheck shell=bash
# What a cluster's network stands on, from the bottom: nodes, the pod network's own pods, kube-proxy. What fails above is
# reported as the lowest of these that does not work.
: "${POD_NETWORK:?name of the pod network, with what was chosen of it}"
: "${POD_NETWORK_WORKLOADS:?lines of: namespace, kind/name; what must run of the pod network}"

# nodes_not_ready: each with the kubelet's own reason.
nodes_not_ready() {
  # shellcheck disable=SC2016 # kubectl's own words
  kubectl get nodes --no-headers --output \
    'custom-columns=N:.metadata.name,S:.status.conditions[?(@.type=="Ready")].status,M:.status.conditions[?(@.type=="Ready")].message' |
    awk '$2 != "True" {name = $1; $1 = $2 = ""; sub(/^ +/, ""); print name ": " ($0 ? $0 : "no word of its kubelet")}' | joined
}

# pods_not_ready NAMESPACE PREFIX: the pods whose names begin so, each with its node and its last words.
pods_not_ready() {
  local pod node ready reason
  kubectl --namespace "$1" get pods --no-headers --output \
    'custom-columns=P:.metadata.name,N:.spec.nodeName,R:.status.containerStatuses[*].ready,W:.status.containerStatuses[*].state.waiting.reason' |
    while read -r pod node ready reason; do
      [[ $pod == "$2"* && (,$ready, == *,false,* || $ready == '<none>') ]] || continue
      printf '%s on %s is not ready (%s): %s\n' "$pod" "$node" "$reason" "$(last_words "$1" "$pod")"
    done | joined
}

# last_words NAMESPACE POD: the last line of its log, of the run before if this one said nothing yet, or the last event.
last_words() {
  local said
  said=$({ kubectl --namespace "$1" logs "$2" --all-containers --tail 1 || kubectl --namespace "$1" logs "$2" --previous --tail 1; } 2>&1 | tail -n 1) || true
  if [[ -z $said || $said == *'is waiting to start'* ]]; then
    said=$(kubectl --namespace "$1" get events --no-headers --field-selector "involvedObject.name=$2" --sort-by .lastTimestamp \
      --output custom-columns=M:.message 2>/dev/null | tail -n 1) || true
  fi
  printf '%s' "${said:-no word of it}"
}

joined() { paste -sd ';' | sed 's/;/; /g'; }

# lowest_fault: the lowest layer that does not work, in words; empty: all do.
lowest_fault() {
  local found namespace workload
  found=$(nodes_not_ready) || return 0
  if [[ -z $found ]]; then
    while read -r namespace workload; do
      found=$(pods_not_ready "$namespace" "${workload#*/}-") || found=''
      [[ -z $found ]] || { found="$POD_NETWORK: $found" && break; }
    done <<<"$POD_NETWORK_WORKLOADS"
  fi
  if [[ -z $found ]]; then
    found=$(pods_not_ready kube-system kube-proxy-) || found=''
  fi
  printf '%s' "$found"
}

# fail_above WHAT: ends with WHAT did not work, and with the lowest layer that does not, if it is below that.
fail_above() {
  local lowest
  lowest=$(lowest_fault)
  [[ -z $lowest ]] || fail "$1; below it, and to be looked at first: $lowest"
  fail "$1"
}
