#!/usr/bin/env bash
# Mints a join token for one worker, of 15 minutes, and gives it with the CA's hash as result on stdout (a secret).
: "${WORKER:?name of the worker that will join}"
: "${WORKER_IDENTITY:?machine-id and product-uuid of the worker, as the preflight step printed them}"

export KUBECONFIG=/etc/kubernetes/admin.conf

# Clones of a machine that was not generalised share these; their pods' addresses and leases would then collide.
check_identity() {
  local name machine_id system_uuid wanted_machine_id wanted_uuid
  wanted_machine_id=$(awk '$1 == "machine-id" {print $2}' <<<"$WORKER_IDENTITY")
  wanted_uuid=$(awk '$1 == "product-uuid" {print tolower($2)}' <<<"$WORKER_IDENTITY")
  while read -r name machine_id system_uuid; do
    [[ $name != "$WORKER" ]] || continue
    [[ $machine_id != "$wanted_machine_id" ]] ||
      fail "admitting $WORKER: it has the machine-id of $name, $machine_id; give the image an empty /etc/machine-id"
    [[ ${system_uuid,,} != "$wanted_uuid" ]] ||
      fail "admitting $WORKER: it has the product_uuid of $name, $system_uuid; give each virtual machine its own BIOS UUID"
  done < <(kubectl get nodes --no-headers --output \
    custom-columns=N:.metadata.name,M:.status.nodeInfo.machineID,U:.status.nodeInfo.systemUUID)
}

main() {
  local hash
  check_identity
  hash=$(openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum)
  kubeadm token create --ttl 15m --description "kubelab: join of $WORKER"
  printf 'sha256:%s\n' "${hash%% *}"
}

main </dev/null
