# shellcheck shell=bash
# The nodes of the cluster as its API server has them.
: "${NODES:?lines of: node name, address}"

await_nodes() { wait_until 240 'every node to register' are_registered; }

are_registered() {
  local found missing
  found=$(kubectl get nodes --output name) || return 1
  missing=$(awk '{print "node/" $1}' <<<"$NODES" | grep -vxF "$found" || true)
  [[ -z $missing ]] || {
    echo "found ${found//$'\n'/ }, missing ${missing//$'\n'/ }"
    return 1
  }
}
