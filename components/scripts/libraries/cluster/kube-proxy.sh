# shellcheck shell=bash
# kube-proxy's settings, which its pods read when they start: taken over by those that run already.
# library: files.sh

kube_proxy_settings() { kubectl --namespace kube-system get configmap kube-proxy --output 'jsonpath={.data}'; }

# Watches of single ConfigMaps, which kubelets hold for those that their pods mount.
configmap_watches() {
  local metrics
  metrics=$(kubectl get --raw /metrics) || return 1
  awk '/^apiserver_longrunning_requests\{/ && /resource="configmaps"/ && /scope="resource"/ && /verb="WATCH"/ {sum += $2} END {print sum + 0}' <<<"$metrics"
}

# await_watches WATCHES. A kubelet that lost its watch while the API server was started again would give a new kube-proxy
# the former settings.
await_watches() {
  local watches=$1 deadline=$((SECONDS + 90)) found
  until found=$(configmap_watches) && ((found >= watches)); do
    if ((SECONDS >= deadline)); then
      say "warning: waited 90 s for kubelets to watch their ConfigMaps again: found ${found:-none}, before the change there were $watches; kube-proxy may go on with its former settings on a node: look at kubectl -n kube-system rollout restart daemonset/kube-proxy"
      return 0
    fi
    sleep 1
  done
}

# renew_kube_proxy WATCHES: its pods anew, if its settings are others. Of watches of single ConfigMaps there were so many
# before the API server was started again.
renew_kube_proxy() {
  local settings
  settings=$(kube_proxy_settings)
  if is_applied kube-proxy "$settings"; then return 0; fi
  await_watches "$1"
  kubectl --namespace kube-system rollout restart daemonset/kube-proxy >&2
  kubectl --namespace kube-system rollout status daemonset/kube-proxy --timeout 180s >/dev/null ||
    fail "waiting 180 s for kube-proxy to take its settings: see above; look at: kubectl -n kube-system logs daemonset/kube-proxy"
  mark_applied kube-proxy "$settings"
}
