#!/usr/bin/env bash
# Mints a join token for one worker, of 15 minutes, and gives it with the CA's hash as result on stdout (a secret).
: "${WORKER:?name of the worker that will join}"

export KUBECONFIG=/etc/kubernetes/admin.conf

main() {
  local hash
  hash=$(openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum)
  kubeadm token create --ttl 15m --description "kubelab: join of $WORKER"
  printf 'sha256:%s\n' "${hash%% *}"
}

main </dev/null
