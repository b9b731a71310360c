#!/usr/bin/env bash
# One image in an ordinary pod and in a pod of each RuntimeClass that kubelab made, side by side: which kernel, which
# capabilities and which devices each sees. KUBECONFIG is the cluster's (make kubeconfig); what is made is removed again.
#
#   KUBECONFIG=.state/kubeconfig-sandbox examples/side-by-side.sh
set -euo pipefail

namespace=kubelab-side-by-side
# It reads files and serves folders by itself, and needs no shell.
image=${IMAGE:-registry.k8s.io/e2e-test-images/agnhost:2.63.0}
# Bit by bit, as include/uapi/linux/capability.h of Linux has them.
capabilities=(chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
  net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
  sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
  wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore)

in_namespace() { kubectl --namespace "$namespace" "$@"; }

pod() {
  cat <<-YAML
	---
	apiVersion: v1
	kind: Pod
	metadata: {name: by-$1}
	spec:
	  $([[ $1 == default ]] || printf 'runtimeClassName: %s' "$1")
	  terminationGracePeriodSeconds: 1
	  containers:
	    - {name: look, image: "$image", args: [test-webserver], resources: {limits: {memory: 128Mi}}}
	YAML
}

# content POD PATH: what a file says inside.
content() { in_namespace exec "by-$1" -- /agnhost mounttest "--file_content=$2" | sed '1s/^content of file "[^"]*": //'; }

devices() { kubectl get --raw "/api/v1/namespaces/$namespace/pods/by-$1:80/proxy/dev/" | sed -nE 's/.*<a href="[^"]*">([^<]*)<.*/\1/p' | sort; }

# names MASK: the capabilities of a mask in hexadecimal digits.
names() {
  local bit mask=$((16#$1))
  for bit in "${!capabilities[@]}"; do
    if ((mask >> bit & 1)); then printf '%s\n' "${capabilities[bit]}"; fi
  done
}

# differences WHAT CLASS: lines of what is there more and less than in the ordinary pod.
differences() {
  local line
  diff "$work/default.$1" "$work/$2.$1" | sed -nE 's/^> /+/p; s/^< /-/p' | while read -r line; do printf '%s ' "$line"; done
}

look() {
  local class=$1 mask
  content "$class" /proc/version >"$work/$class.version"
  mask=$(content "$class" /proc/self/status | awk '/^CapEff:/ {print $2}')
  names "$mask" >"$work/$class.capabilities"
  devices "$class" >"$work/$class.devices"
}

show() {
  local class
  for class in "$@"; do
    printf '\n%s, on %s\n' "$class" "$(in_namespace get pod "by-$class" --output 'jsonpath={.spec.nodeName}')"
    printf '  kernel        %s\n' "$(<"$work/$class.version")"
    if [[ $class == default ]]; then
      printf '  capabilities  %s\n' "$(paste -sd ' ' "$work/$class.capabilities")"
      printf '  /dev          %s\n' "$(paste -sd ' ' "$work/$class.devices")"
    else
      printf '  capabilities  %s\n' "$(differences capabilities "$class" | grep . || echo 'as in the ordinary pod')"
      printf '  /dev          %s\n' "$(differences devices "$class" | grep . || echo 'as in the ordinary pod')"
    fi
  done
}

clean() {
  rm -rf "$work"
  kubectl delete namespace "$namespace" --ignore-not-found --timeout 90s >/dev/null
}

main() {
  local classes class
  work=$(mktemp -d)
  trap clean EXIT
  mapfile -t classes < <(kubectl get runtimeclasses --selector app.kubernetes.io/managed-by=kubelab --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
  ((${#classes[@]} > 0)) || {
    echo 'error: looking for RuntimeClasses of kubelab: found none; declare handlers: [gvisor] on a node and run pulumi up' >&2
    exit 1
  }
  kubectl create namespace "$namespace" >/dev/null
  for class in default "${classes[@]}"; do pod "$class"; done | in_namespace apply --filename - >/dev/null
  in_namespace wait --for condition=Ready pod --all --timeout 300s >/dev/null
  for class in default "${classes[@]}"; do look "$class"; done
  show default "${classes[@]}"
}

main "$@" </dev/null
