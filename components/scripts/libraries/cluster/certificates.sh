# shellcheck shell=bash
# The certificates of a control plane, which are renewed before they end, or when they are to be valid for another time.
# library: files.sh
# library: kubeadm.sh
: "${NODE_NAME:?name of the node}"
: "${RENEW_BEFORE_HOURS:?how long before the first of them ends certificates are renewed, in hours}"

# first_end CONFIG: when the first of them ends, as 2026-11-27T18:12:54Z, by the files alone: an API server whose own
# certificate has ended answers nobody. The authorities' are not among them.
first_end() {
  local found
  found=$(kubeadm_quietly certs check-expiration --config "$1" --output 'jsonpath={.certificates[*].expirationDate}') || return 1
  found=$(grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z' <<<"$found" | sort | sed -n 1p) || true
  [[ -n $found ]] || {
    say "kubeadm certs check-expiration on $NODE_NAME names no date"
    return 1
  }
  printf '%s\n' "$found"
}

# keep_certificates CONFIG: renews them all when it is time. The mark holds for their validity, and is away while they
# are renewed, so that a run that was killed on the way is made good.
keep_certificates() {
  local end left
  end=$(first_end "$1")
  left=$((($(date --date "$end" +%s) - $(date +%s)) / 3600))
  if is_applied certificates "$CERTIFICATE_HOURS" && ((left >= RENEW_BEFORE_HOURS)); then return 0; fi
  say "renewing the certificates of the control plane on $NODE_NAME: the first ends on $end"
  rm -f /etc/kubelab/applied/certificates
  logged "renewing the certificates of the control plane on $NODE_NAME" kubeadm certs renew all --config "$1"
  restart_control_plane
  mark_applied certificates "$CERTIFICATE_HOURS"
}

# Its components read their certificates when they start.
restart_control_plane() {
  local component
  for component in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    crictl ps --quiet --name "^$component\$" | xargs --no-run-if-empty crictl stop --timeout 10 >/dev/null
  done
  wait_until 180 "the API server on $NODE_NAME to answer with its new certificate" answers_with_new_certificate
}

answers_with_new_certificate() { kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz --request-timeout 5s; }
