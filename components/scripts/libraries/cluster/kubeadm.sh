# shellcheck shell=bash
# How steps call kubeadm where its words would reach the user.
: "${CERTIFICATE_HOURS:?how long certificates are valid, in hours}"

# kubeadm_quietly ARGUMENT...: kubeadm warns of every certificate that is valid for more than a year, whenever it reads
# the documents. Anything else that it says is shown.
kubeadm_quietly() {
  local words status=0
  words=$(mktemp)
  kubeadm "$@" 2>"$words" || status=$?
  grep -viE 'WARNING: .*certificate ?validity ?period' "$words" >&2 || true
  rm -f "$words"
  return "$status"
}

# issue_kubeconfig DOCUMENTS USER GROUP: a kubeconfig on stdout, signed by the cluster's authority, without asking any
# API server. DOCUMENTS are kubeadm's, of the cluster.
issue_kubeconfig() {
  local file status=0
  file=$(mktemp)
  printf '%s' "$1" >"$file"
  kubeadm_quietly kubeconfig user --config "$file" --client-name "$2" --org "$3" --validity-period "${CERTIFICATE_HOURS}h" || status=$?
  rm -f "$file"
  return "$status"
}
