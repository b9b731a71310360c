# shellcheck shell=bash
# The RuntimeClasses of the handlers that nodes have. Those that were made here and that nobody declares any more go, once
# no pod names them; what others made stays.
: "${RUNTIME_CLASSES?RuntimeClasses, YAML documents; empty: none}"

managed=app.kubernetes.io/managed-by=kubelab

apply_runtime_classes() {
  local said
  [[ -n $RUNTIME_CLASSES ]] || return 0
  said=$(kubectl apply --filename - <<<"$RUNTIME_CLASSES" 2>&1) || fail "applying the RuntimeClasses: $(paste -sd ';' <<<"$said" | sed 's/;/; /g')"
  said=$(grep -v ' unchanged$' <<<"$said") || true
  [[ -z $said ]] || say "$said"
}

remove_runtime_classes() {
  local found class users
  found=$(kubectl get runtimeclasses --selector "$managed" --output name)
  for class in $found; do
    class=${class##*/}
    ! grep -qE "^  \"?name\"?: \"?$class\"?\$" <<<"$RUNTIME_CLASSES" || continue
    users=$(pods_of_class "$class")
    [[ -z $users ]] ||
      fail "removing the RuntimeClass $class, whose handler no node has any more: pods name it: $(xargs <<<"$users"); delete what makes them, or declare the handler on a node again"
    kubectl delete runtimeclass "$class" --timeout 60s >&2
  done
}

# pods_of_class CLASS: of those that have not ended, namespace/name, a line each.
pods_of_class() {
  kubectl get pods --all-namespaces --no-headers --output 'custom-columns=N:.metadata.namespace,P:.metadata.name,C:.spec.runtimeClassName,S:.status.phase' |
    awk -v class="$1" '$3 == class && $4 != "Succeeded" && $4 != "Failed" {print $1 "/" $2}'
}
