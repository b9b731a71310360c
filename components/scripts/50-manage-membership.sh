#!/usr/bin/env bash
# A worker's membership, seen from a control plane. admit: sign the host key of the worker's machine, and give the
# certificate, below it that of the cluster's authority, each in base64, as result on stdout; none of it is secret, and the
# worker joins by it at any time while certificates are valid; a machine that shares with another what machines are known by
# is not admitted. remove: drain the node and delete it, so that nothing of it stays in the cluster.
# library: files.sh
# library: machine-identity.sh
: "${WORKER:?name of the worker}"
: "${WORKER_KEY:?public host key of the machine of the worker, as ssh-ed25519 AAAA...}"
: "${CERTIFICATE_HOURS:?how long certificates are valid, in hours}"
: "${INITIALISATION:?which initialisation of the cluster it is a member of}"
: "${RENEWAL:?how many renewals were due since the authority of the cluster was made}"
: "${MACHINE?what its machine is known by, lines of: machine-id, product-uuid or mac, and its value}"

pki=/etc/kubernetes/pki
# Lines of: worker that was admitted, what its machine is known by, its value.
machines=/etc/kubelab/machines
export KUBECONFIG=/etc/kubernetes/admin.conf

# What it prints is empty where there is none.
ask() { kubectl get node "$WORKER" --ignore-not-found --output name --request-timeout 20s >"$answer"; }

at_exit() { rm -rf "${answer:-}" "${folder:-}"; }

# public_key: the worker's key as openssl reads it (RFC 8410): its 32 bytes are the end of OpenSSH's form.
public_key() {
  printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'
  base64 --decode <<<"${WORKER_KEY#ssh-ed25519 }" | tail -c 32
}

# others: of this machine and of all workers that were admitted but this one, in the form of $machines.
others() {
  machine_identity | sed "s/^/$(uname -n) /"
  awk -v worker="$WORKER" '$1 != worker' "$machines" 2>/dev/null || true
}

remedy() {
  case $1 in
    machine-id) echo 'one is a copy of the other: empty /etc/machine-id in the image, or on one of the two, and restart it' ;;
    product-uuid) echo 'give one of the two another BIOS UUID on its host' ;;
    mac) echo 'give one of the two another MAC' ;;
  esac
}

# Their leases, their pods or their names would collide, and the cluster would take one for the other.
refuse_copies() {
  local known kind value holder found=''
  known=$(others)
  while read -r kind value; do
    [[ -n $kind ]] || continue
    holder=$(awk -v kind="$kind" -v value="$value" '$2 == kind && $3 == value {print $1; exit}' <<<"$known")
    [[ -z $holder ]] || found+="; $kind $value, which is that of $holder too ($(remedy "$kind"))"
  done <<<"$MACHINE"
  [[ -z $found ]] ||
    fail "admitting $WORKER: found on its machine ${found#; }; it was not admitted; once that is mended, run: pulumi up --replace '**Command::$WORKER-preflight'"
}

# record_machine LINES: what of this worker's machine is known from now on; none: it is none any more.
record_machine() {
  local others
  others=$(awk -v worker="$WORKER" '$1 != worker' "$machines" 2>/dev/null || true)
  replace_file 0644 "$machines" "$(printf '%s\n' ${others:+"$others"} ${1:+"$(awk -v worker="$WORKER" '{print worker, $0}' <<<"$1")"})"
}

# A kubelet may ask for the certificate of its own node, and for nothing of others: no more than that is signed, whoever
# the key is of. It needs no answer of an API server.
admit() {
  log_step "admits $WORKER to the cluster of $INITIALISATION, renewal $RENEWAL"
  refuse_copies
  folder=$(mktemp --directory)
  public_key | openssl pkey -pubin -inform DER -out "$folder/key" ||
    fail "admitting $WORKER: found $WORKER_KEY, wanted its machine's ed25519 host key; to make both anew, run: pulumi up --replace '**SshKeyPair::$WORKER-host-key'"
  printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' 'extendedKeyUsage=clientAuth' >"$folder/extensions"
  logged "signing the certificate of $WORKER" openssl x509 -new -force_pubkey "$folder/key" \
    -subj "/O=system:nodes/CN=system:node:$WORKER" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" \
    -set_serial "0x$(openssl rand -hex 15)" -days $(((CERTIFICATE_HOURS + 23) / 24)) -extfile "$folder/extensions" -out "$folder/certificate"
  record_machine "$MACHINE"
  base64 --wrap 0 "$folder/certificate"
  echo
  openssl x509 -in "$pki/ca.crt" | base64 --wrap 0
}

remove() {
  rest
  record_machine ''
}

# A worker that rests goes on being known by its machine: no copy of that comes in meanwhile.
rest() {
  answer=$(mktemp)
  wait_until 120 "the cluster to say whether it has $WORKER" ask
  [[ -s $answer ]] || return 0
  say "draining $WORKER"
  kubectl drain "$WORKER" --ignore-daemonsets --delete-emptydir-data --force --timeout 120s >&2 ||
    say "warning: draining $WORKER did not finish in 120 s; deleting it all the same"
  kubectl delete node "$WORKER" --timeout 60s >&2
}

main() {
  case ${1:-} in
    admit | remove | rest) "$1" ;;
    *) fail "managing the membership of $WORKER: found argument '${1:-}', wanted admit, remove or rest" ;;
  esac
}

main "$@" </dev/null
