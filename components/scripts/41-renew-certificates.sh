#!/usr/bin/env bash
# keep: renews the certificates of a control plane when it is time, and gives a client's kubeconfig as result on stdout (a
# secret), with the day on which the first certificate ends in its first line. show: gives that day alone, and changes
# nothing.
# library: certificates.sh
# library: kubelet-credentials.sh
: "${CLUSTER_NAME:?name of the cluster in kubeconfigs}"
: "${CLUSTER_DOCUMENTS:?what kubeadm needs to know of the cluster, YAML}"
: "${RENEWAL:?how many renewals were due since the authority of the cluster was made}"

at_exit() { rm -f "${config:-}" "${bootstrap:-}"; }

keep() {
  local end
  log_step "keeps the certificates of $CLUSTER_NAME, of which $RENEWAL renewals were due"
  keep_certificates "$config"
  kubelet_is_known || {
    bootstrap=$(mktemp)
    issue_kubeconfig "$CLUSTER_DOCUMENTS" "system:node:$NODE_NAME" system:nodes >"$bootstrap"
    renew_kubelet_credentials "$bootstrap"
  }
  end=$(first_end "$config")
  printf '# The first certificate of cluster %s ends on %s.\n' "$CLUSTER_NAME" "$end"
  # admin.conf cannot be revoked and stays on the node; the user gets a certificate of their own, in a name that a file
  # with several clusters has once.
  issue_kubeconfig "$CLUSTER_DOCUMENTS" "$CLUSTER_NAME-admin" kubeadm:cluster-admins
}

main() {
  case ${1:-} in
    keep | show) ;;
    *) fail "renewing the certificates on $NODE_NAME: found argument '${1:-}', wanted keep or show" ;;
  esac
  config=$(mktemp)
  printf '%s' "$CLUSTER_DOCUMENTS" >"$config"
  if [[ $1 == keep ]]; then keep; else first_end "$config"; fi
}

main "$@" </dev/null
