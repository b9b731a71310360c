#!/usr/bin/env bash
# Joins a worker to the cluster, unless it is a member; a member is never reset. Of a member it keeps the kubelet's
# certificate and its address right.
# library: kubelet-credentials.sh
: "${NODE_NAME:?name of the node}"
: "${NODE_ADDRESS:?address of the node}"
: "${KUBEADM_CONFIG:?document of kubeadm join, YAML}"
: "${JOIN_KUBECONFIG:?where the document looks for the kubeconfig to join by}"
: "${API_ENDPOINT:?host:port at which the API server is asked}"
: "${CERTIFICATE:?what the cluster signed for the host key of this machine, PEM in base64}"
: "${AUTHORITY:?certificate of the authority of the cluster, PEM in base64}"
: "${CRI_SOCKET:?the one socket of this node}"

own=/etc/kubernetes/kubelet.conf
bootstrap=/etc/kubernetes/bootstrap-kubelet.conf
host_key=/etc/ssh/ssh_host_ed25519_key
key=${JOIN_KUBECONFIG%.conf}.key
flags=/var/lib/kubelet/kubeadm-flags.env

# The machine's ed25519 host key in the form that kubeadm and the kubelet read (PKCS #8 by RFC 8410). OpenSSH's own file of
# one without a passphrase has the 32 bytes that matter at byte 161 (its PROTOCOL.key).
private_key() {
  printf '\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20'
  sed '/^-/d' "$host_key" | base64 --decode | head -c 193 | tail -c 32
}

write_key() {
  local found
  found=$({ umask 077 && private_key | openssl pkey -inform DER -out "$key" && openssl pkey -in "$key" -pubout; } 2>&1) || true
  [[ $found == "$(base64 --decode <<<"$CERTIFICATE" | openssl x509 -noout -pubkey)" ]] ||
    fail "joining $NODE_NAME: found in $host_key no key, or another than its machine was made with and the cluster admitted; put that back, or make the machine anew: pulumi up --replace '**:index:*Machine::$NODE_NAME'"
}

write_join_kubeconfig() {
  cat >"$JOIN_KUBECONFIG" <<-YAML
	apiVersion: v1
	kind: Config
	clusters:
	- name: kubernetes
	  cluster:
	    server: https://$API_ENDPOINT
	    certificate-authority-data: $AUTHORITY
	users:
	- name: join
	  user:
	    client-certificate-data: $CERTIFICATE
	    client-key: $key
	contexts:
	- name: join
	  context: {cluster: kubernetes, user: join}
	current-context: join
	YAML
}

# authority_of KUBECONFIG: the fingerprint of the authority that it trusts; nothing for a file that is not whole.
authority_of() {
  local data
  data=$(sed -nE 's/^ *certificate-authority-data: *"?([^" ]+)"?$/\1/p' "$1" 2>/dev/null | sed -n 1p) || return 0
  [[ -n $data ]] || return 0
  base64 --decode <<<"$data" 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null || true
}

# Only what is proven to be of another cluster, such as the one before this was made anew, is no member of this one. A
# file that lost its content in a power cut proves nothing.
is_of_another_cluster() {
  local found
  found=$(authority_of "$own")
  [[ -n $found && $found != "$(authority_of "$JOIN_KUBECONFIG")" ]]
}

# asked JSONPATH: what the cluster says of this node, asked as this node; nothing when it has none.
asked() { kubectl --kubeconfig "$JOIN_KUBECONFIG" get node "$NODE_NAME" --ignore-not-found --output "jsonpath=$1" --request-timeout 20s; }
ask_machine() { asked '{.metadata.uid} {.status.nodeInfo.machineID}' >"$answer"; }
stopped_being_ready() { [[ $(asked '{.status.conditions[?(@.type=="Ready")].status}') != True ]]; }
has_address() {
  local found
  found=$(asked '{.status.addresses[?(@.type=="InternalIP")].address}') || return 1
  echo "found ${found:-none}"
  [[ $found == "$NODE_ADDRESS" ]]
}

# An API that does not answer says nothing of a membership.
find_node() { wait_until 180 "the cluster to say whether it has $NODE_NAME (nothing was changed on the node; run pulumi up again once the API server answers)" ask_machine; }
is_found() { [[ -s $answer ]]; }

# A node that was deleted is registered again by its kubelet when that starts.
registers_again() {
  local deadline=$((SECONDS + 90))
  say "the cluster has no node $NODE_NAME; starting its kubelet again"
  systemctl restart kubelet || return 1
  until ask_machine 2>/dev/null && is_found; do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
}

# From here on the packages' step takes the kubelet's settings over at once.
mark_joined() { [[ -f /etc/kubelab/joined ]] || install -D -m 0644 /dev/null /etc/kubelab/joined; }

# A lease that was not reserved may have become another.
keep_address() {
  local former
  former=$(sed -nE 's/.*--node-ip=([^" ]+).*/\1/p' "$flags" 2>/dev/null || true)
  [[ -n $former && $former != "$NODE_ADDRESS" ]] || return 0
  say "warning: the address of $NODE_NAME changed from $former to $NODE_ADDRESS; its kubelet takes it over; reserve the machines' leases on the DHCP server"
  sed -i -E "s/--node-ip=[^\" ]+/--node-ip=$NODE_ADDRESS/" "$flags"
  systemctl restart kubelet
  wait_until 120 "the kubelet on $NODE_NAME to report $NODE_ADDRESS (see also: journalctl -u kubelet -n 50)" has_address
}

keep_member() {
  mark_joined
  kubelet_is_known || renew_kubelet_credentials "$JOIN_KUBECONFIG"
  rm -f "$bootstrap"
  keep_address
}

# A node of this name that is another machine is that machine's; one of this machine is left of a join that was undone.
claim_name() {
  local machine
  find_node
  is_found || return 0
  machine=$(<"$answer")
  machine=${machine#* }
  [[ -z $machine || $machine == "$(</etc/machine-id)" ]] ||
    fail "joining $NODE_NAME: found a node of that name in the cluster, of another machine ($machine, this is $(</etc/machine-id)); to remove that node and join, run: pulumi up --replace '**Command::$NODE_NAME-membership'"
  wait_until 120 "the node $NODE_NAME, which this machine was before, to stop being Ready" stopped_being_ready
}

# A kubelet that got no certificate yet asks for it by the key.
at_exit() {
  rm -f "${config:-}" "${answer:-}" "$JOIN_KUBECONFIG"
  [[ -e $bootstrap ]] || rm -f "$key"
}

main() {
  answer=$(mktemp)
  write_key
  write_join_kubeconfig
  if [[ -e $own ]] && ! is_of_another_cluster; then
    find_node
    if is_found || registers_again; then
      keep_member
      return 0
    fi
  fi
  if [[ -e $own || -e $bootstrap ]]; then
    say 'clearing a join that did not finish'
    rm -f /etc/kubelab/joined
    logged "resetting $NODE_NAME" kubeadm reset --force --cri-socket "$CRI_SOCKET"
  fi
  claim_name
  config=$(mktemp)
  printf '%s' "$KUBEADM_CONFIG" >"$config"
  say "joining $NODE_NAME"
  logged "joining $NODE_NAME (see also: journalctl -u kubelet -n 50)" kubeadm join --config "$config"
  # Until its certificate came it asked as nobody, and was refused; what it was refused it asks for again only after pauses
  # that grow, and until then it starts no container.
  systemctl restart kubelet
  mark_joined
}

main </dev/null
