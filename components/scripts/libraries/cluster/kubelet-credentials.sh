# shellcheck shell=bash
# The certificate that a kubelet is known by. The kubelet renews it while it runs; one that was off for too long cannot.

# Whether the kubelet can still say who it is: its certificate has not ended, and its files are not empty.
kubelet_is_known() {
  local own=/etc/kubernetes/kubelet.conf certificate
  certificate=$(sed -nE 's/^ *client-certificate: *"?([^" ]+)"?$/\1/p' "$own" | sed -n 1p)
  if [[ -n $certificate ]]; then
    openssl x509 -noout -checkend 3600 -in "$certificate" >/dev/null 2>&1
  else
    sed -nE 's/^ *client-certificate-data: *"?([^" ]+)"?$/\1/p' "$own" | base64 --decode 2>/dev/null |
      openssl x509 -noout -checkend 3600 >/dev/null 2>&1
  fi
}

# renew_kubelet_credentials KUBECONFIG: the kubelet gets another certificate in the way in which it got its first one. The
# node stays a member, with its pods.
renew_kubelet_credentials() {
  say "giving the kubelet on $NODE_NAME another certificate, as its own has ended or is not whole"
  install -m 0600 "$1" /etc/kubernetes/bootstrap-kubelet.conf
  systemctl restart kubelet
  wait_until 180 "the kubelet on $NODE_NAME to get another certificate (see also: journalctl -u kubelet -n 50)" kubelet_is_known
  rm -f /etc/kubernetes/bootstrap-kubelet.conf
}
