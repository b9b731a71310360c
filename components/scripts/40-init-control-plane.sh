#!/usr/bin/env bash
# Initialises the control plane once, takes over its settings when they change later, and says as result on stdout when
# the cluster's authority was made.
# library: files.sh
# library: certificates.sh
# library: copies.sh
# library: kube-proxy.sh
: "${NODE_ADDRESS:?address of the node}"
: "${KUBEADM_CONFIG:?documents of kubeadm init, YAML}"
: "${IDENTITY:?what the control plane keeps for its life, YAML}"
: "${CERT_SANS?further names and addresses in the API server certificate, separated by spaces}"
: "${API_ENDPOINT:?host:port at which the API server is asked}"
: "${CRI_SOCKET:?the one socket of this node}"
: "${COMPONENT_FILES?paths of the files that components are given, a line each; empty: none}"

config=/etc/kubelab/kubeadm-init.yaml
identity=/etc/kubelab/cluster-identity.yaml
authority=/etc/kubernetes/pki/ca.crt
# Every endpoint that a node may have joined by.
endpoints=/etc/kubelab/control-plane-endpoints
manifests=/etc/kubernetes/manifests
export KUBECONFIG=/etc/kubernetes/admin.conf

is_ready() { [[ -f $KUBECONFIG ]] && kubectl get --raw /readyz --request-timeout 5s; }

initialise() {
  if [[ -e $manifests/kube-apiserver.yaml || -e /var/lib/etcd/member ]]; then
    refuse_to_reset_a_cluster
    say 'clearing an init that did not finish'
    logged "resetting $NODE_NAME" kubeadm reset --force --cri-socket "$CRI_SOCKET"
  fi
  say "initialising the control plane of $API_ENDPOINT"
  logged "initialising the control plane on $NODE_NAME (see also: journalctl -u kubelet -n 50)" \
    run_init
  delete_tokens
  printf '%s\n' "$API_ENDPOINT" >"$endpoints"
  write_file 0600 "$identity" "$IDENTITY"
  mark_applied certificates "$CERTIFICATE_HOURS"
  mark_applied control-plane-certificate "$API_ENDPOINT $CERT_SANS"
  mark_applied kube-proxy "$(kube_proxy_settings)"
  mark_applied control-plane "$KUBEADM_CONFIG"
}

# Marks that nothing takes away say that an init once finished.
was_initialised() { [[ -f /etc/kubelab/applied/kube-proxy ]]; }

# The record of what a cluster keeps may be lost, as in a power cut; what was applied last is known by another one.
restore_identity() {
  [[ ! -s $identity ]] && was_initialised || return 0
  is_applied control-plane "$KUBEADM_CONFIG" ||
    fail "looking for $identity on $NODE_NAME: it is lost, and what is declared is not what was applied last; revert the last change of kubelab:cluster and run pulumi up, which writes it again"
  say "writing $identity again, which was lost"
  write_file 0600 "$identity" "$IDENTITY"
}

# An init that did not finish has no nodes but this one.
refuse_to_reset_a_cluster() {
  local others
  others=$(kubectl get nodes --output name --request-timeout 20s 2>/dev/null | grep -vxF "node/$NODE_NAME" | xargs) || true
  [[ -z $others ]] ||
    fail "initialising the control plane on $NODE_NAME: found a cluster that runs there with $others, and no record of it in $identity; restore that file, or destroy the lab and build it anew"
}

# kubeadm does not say why a component that it waits for does not come up. CoreDNS has a step of its own.
run_init() {
  local component
  kubeadm init --config "$config" --skip-token-print --skip-phases addon/coredns && return 0
  for component in etcd kube-apiserver; do
    printf 'the last words of %s: %s\n' "$component" "$(last_words "$component")"
  done
  return 1
}

# init always makes a token of a day; workers get one of their own, of minutes.
delete_tokens() {
  local tokens id rest
  tokens=$(kubeadm token list)
  while IFS=. read -r id rest; do
    [[ -z $id || $id == TOKEN* ]] || kubeadm token delete "$id" >&2
  done <<<"$tokens"
}

# etcd and the certificates know the control plane by its address, which a lease that was not reserved may have changed.
check_address() {
  local former interface
  former=$(sed -nE 's/.*advertiseAddress"?: *"?([0-9.]+).*/\1/p' "$identity")
  [[ -n $former && $former != "$NODE_ADDRESS" ]] || return 0
  interface=$(ip -o -4 address show to "$NODE_ADDRESS" | awk '{print $2; exit}')
  fail "comparing the address of $NODE_NAME: found $NODE_ADDRESS, and the control plane was made with advertiseAddress $former, by which etcd and the certificates know it; reserve $former for this machine (MAC $(cat "/sys/class/net/$interface/address" 2>/dev/null || echo unknown)) on the DHCP server, restart it, and run: make recover, pulumi up"
}

# Secrets that are encrypted in etcd are lost to an API server that is not given their key.
check_encryption() {
  local key_file=/etc/kubernetes/kube-apiserver/secrets-encryption.yaml
  [[ ! -f $key_file || $'\n'$COMPONENT_FILES$'\n' == *$'\n'"$key_file"$'\n'* ]] ||
    fail "comparing the declared cluster with the running one on $NODE_NAME: found Secrets encrypted with the key in $key_file, and secretsEncryption is not declared; write secretsEncryption: true again"
}

# What components were once given and are no longer: now none of them reads it.
remove_former_files() {
  local file
  while read -r file; do
    [[ $'\n'$COMPONENT_FILES$'\n' != *$'\n'"$file"$'\n'* ]] || continue
    rm -f "$file"
    say "removed $file"
  done < <(find /etc/kubernetes/kube-{apiserver,controller-manager,scheduler} -type f 2>/dev/null)
}

check_identity() {
  local changes
  changes=$(diff "$identity" - <<<"${IDENTITY%$'\n'}" | grep '^[<>]' || true)
  [[ -z $changes ]] || check_address
  [[ -z $changes ]] ||
    fail "comparing the declared cluster with the running one on $NODE_NAME: $changes; revert the change, or destroy the lab and build it anew"
}

# A node goes on asking where it joined, and the API server's certificate must go on naming that: kubeadm puts the
# node's address and the endpoint there by itself.
check_former_endpoints() {
  local former
  while read -r former; do
    [[ " $NODE_ADDRESS ${API_ENDPOINT%:*} $CERT_SANS " == *" ${former%:*} "* ]] ||
      fail "changing the endpoint of the control plane on $NODE_NAME to $API_ENDPOINT: nodes that joined by $former go on asking there, and the new certificate would not name it; add ${former%:*} to apiServer/certSANs"
  done <"$endpoints"
}

phase() { logged "running kubeadm init phase $* on $NODE_NAME" kubeadm init phase "$@" --config "$config"; }

# kubeadm's own way to change a running cluster. The components come first: what they refuse is not yet uploaded.
apply_settings() {
  local watches
  say "changing the control plane's settings"
  # An API server that does not answer is what the change may mend.
  watches=$(configmap_watches 2>/dev/null) || watches=0
  former=$(mktemp -d)
  mkdir "$former/kubeconfigs"
  keep_copies "$former/kubeconfigs" /etc/kubernetes/{admin,super-admin}.conf
  keep_copies "$former" "$manifests" /etc/kubelab/applied/control-plane
  # What was in effect is no longer known until all is done, also when the change is taken back meanwhile.
  rm -f /etc/kubelab/applied/control-plane
  if ! is_applied control-plane-certificate "$API_ENDPOINT $CERT_SANS"; then
    rm -f /etc/kubelab/applied/control-plane-certificate
    rm -f /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.key
    phase certs apiserver
    # The API server reads its certificate when it starts.
    crictl ps --quiet --name '^kube-apiserver$' | xargs --no-run-if-empty crictl stop >/dev/null
    mark_applied control-plane-certificate "$API_ENDPOINT $CERT_SANS"
  fi
  name_endpoint admin
  name_endpoint super-admin
  phase control-plane all
  phase etcd local
  wait_until 180 "the control plane of $API_ENDPOINT to take its settings" settings_in_effect
  phase upload-config all
  publish_endpoint
  phase addon kube-proxy
  renew_kube_proxy "$watches"
  grep -qxF "$API_ENDPOINT" "$endpoints" || printf '%s\n' "$API_ENDPOINT" >>"$endpoints"
  mark_applied control-plane "$KUBEADM_CONFIG"
}

# name_endpoint NAME: a kubeconfig that asks elsewhere is made anew; kubeadm itself keeps one that is there.
name_endpoint() {
  local file=/etc/kubernetes/$1.conf
  if [[ -f $file ]] && grep -qxF "    server: https://$API_ENDPOINT" "$file"; then return 0; fi
  rm -f "$file"
  phase kubeconfig "$1"
}

# Where nodes that join are told to ask from then on.
publish_endpoint() {
  local found
  found=$(kubectl --namespace kube-public get configmap cluster-info --output yaml)
  [[ $found != *"server: https://$API_ENDPOINT"$'\n'* ]] || return 0
  sed -E "s#(server: https://)\\S+#\\1$API_ENDPOINT#; /^  resourceVersion: /d" <<<"$found" >"$former/cluster-info.yaml"
  kubectl replace --filename "$former/cluster-info.yaml" >&2
}

settings_in_effect() {
  local component wanted running
  is_ready || {
    last_words kube-apiserver
    return 1
  }
  for component in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    wanted=$(kubectl patch --local --filename "$manifests/$component.yaml" --type merge --patch '{}' --output 'jsonpath={.spec.containers[0].command}')
    running=$(kubectl --namespace kube-system get pod "$component-$NODE_NAME" --output 'jsonpath={.spec.containers[0].command}{" "}{.status.containerStatuses[0].ready}')
    [[ $running == "$wanted true" ]] || {
      echo "$component: found $running, wanted $wanted true; $(last_words "$component")"
      return 1
    }
  done
}

last_words() {
  local container
  container=$(crictl ps --all --quiet --latest --name "^$1\$")
  [[ -z $container ]] || crictl logs --tail 3 "$container" 2>&1
}

# An API server that does not start takes the cluster away, and the engine, which keeps what was declared before a
# failure, would see no difference once the change is taken back. What follows the manifests is only uploaded once they
# work, and is uploaded again by the next run.
at_exit() {
  [[ -n ${former:-} ]] || return 0
  if (($1 != 0)) && [[ -f $former/control-plane ]]; then
    say "putting the control plane's former manifests back on $NODE_NAME"
    cp --archive "$former"/kubeconfigs/. /etc/kubernetes
    cp --archive "$former"/manifests/. "$manifests"
    cp --archive "$former/control-plane" /etc/kubelab/applied/control-plane
  fi
  rm -rf "$former"
}

main() {
  write_file 0600 "$config" "$KUBEADM_CONFIG"
  kubeadm_quietly config validate --config "$config" >/dev/null
  restore_identity
  if [[ ! -s $identity ]]; then
    initialise
  else
    check_identity
    check_encryption
    check_former_endpoints
    keep_certificates "$config"
    is_applied control-plane "$KUBEADM_CONFIG" || apply_settings
    wait_until 120 "the API server at $API_ENDPOINT" is_ready
  fi
  remove_former_files
  date --utc --date "$(openssl x509 -noout -startdate -in "$authority" | cut -d = -f 2)" +%FT%TZ
}

main </dev/null
