# shellcheck shell=bash
# Pods that a handler runs leave the node before the handler does. The node asks by its kubelet's own credentials, which
# may change its labels and evict its pods, and nothing of other nodes.
: "${HANDLERS_ELSEWHERE?handlers that other nodes have and this one has not, separated by spaces}"

kubelet_kubeconfig=/etc/kubernetes/kubelet.conf
# Labels that were taken away for pods that have not left yet.
unlabelled=''

as_node() { kubectl --kubeconfig "$kubelet_kubeconfig" --request-timeout 20s "$@"; }

# vacate_handlers: lets nothing more come to this node for the handlers that leave it, and what runs there move.
vacate_handlers() {
  local handler
  [[ -f $kubelet_kubeconfig && (-f /etc/kubelab/joined || -f /etc/kubelab/cluster-identity.yaml) ]] || return 0
  for handler in $(leaving_handlers); do vacate "$handler"; done
  unlabelled=''
}

vacate() {
  local handler=$1 found bound label
  wait_until 60 "the API server to say which pods the handler $handler runs on $NODE_NAME" ask_pods "$handler"
  found=$(pods_asked)
  bound=$(awk '$2 == "<none>" || $2 == "Node" {print $1}' <<<"$found" | xargs)
  [[ -z $bound ]] ||
    fail "removing the handler $handler from $NODE_NAME: it runs pods that nothing would make anew elsewhere: $bound; delete them first, or leave the handler"
  [[ -z $found || " $HANDLERS_ELSEWHERE " == *" $handler "* ]] ||
    fail "removing the handler $handler from $NODE_NAME: it runs $(awk '{print $1}' <<<"$found" | xargs), and no other node has it; delete what makes them first, or leave the handler on a node"
  label=$(recorded "$handler" label)
  unlabelled+=" $label"
  as_node label node "$NODE_NAME" "$label-" >/dev/null || fail "taking the label $label from $NODE_NAME: see kubectl's message above"
  [[ -n $found ]] || return 0
  say "moving from $NODE_NAME what the handler $handler runs there: $(awk '{print $1}' <<<"$found" | xargs)"
  wait_until 300 "the pods of the handler $handler to leave $NODE_NAME (a PodDisruptionBudget may keep them)" have_left "$handler"
}

# ask_pods HANDLER: keeps, a line each, namespace/name and the kind of what made it, of those that have not
# ended, by whichever RuntimeClass.
ask_pods() {
  local classes
  classes=$(as_node get runtimeclasses --no-headers --output custom-columns=N:.metadata.name,H:.handler) || return 1
  classes=$(awk -v handler="$1" '$2 == handler {print $1}' <<<"$classes")
  # shellcheck disable=SC2154 # runtime.sh makes it
  as_node get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" --no-headers --output \
    'custom-columns=N:.metadata.namespace,P:.metadata.name,C:.spec.runtimeClassName,O:.metadata.ownerReferences[0].kind,S:.status.phase' >"$work/pods" || return 1
  awk -v classes=" ${classes//$'\n'/ } " 'index(classes, " " $3 " ") && $5 != "Succeeded" && $5 != "Failed" {print $1 "/" $2, $4}' "$work/pods" >"$work/pods-of-handler"
}
pods_asked() { cat "$work/pods-of-handler"; }

# have_left HANDLER: asks each that is still there to go, as a drain does.
have_left() {
  local pod _
  ask_pods "$1" || return 1
  while read -r pod _; do
    printf '{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"namespace": "%s", "name": "%s"}}' "${pod%/*}" "${pod#*/}" |
      as_node create --raw "/api/v1/namespaces/${pod%/*}/pods/${pod#*/}/eviction" --filename - >/dev/null || true
  done < <(pods_asked)
  echo "found $(pods_asked | awk '{print $1}' | xargs)"
  [[ -z $(pods_asked) ]]
}

label_again() {
  local label
  for label in $unlabelled; do
    say "giving $NODE_NAME its label $label again"
    as_node label node "$NODE_NAME" --overwrite "$label=true" >/dev/null || true
  done
  unlabelled=''
}
