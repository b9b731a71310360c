#!/usr/bin/env bash
# Applies the pod network's manifest of a pinned version, with this cluster's pod subnet.
# library: files.sh
# library: downloads.sh
: "${MANIFEST_URL:?where the manifest of that version is}"
: "${MANIFEST_SHA256:?checksums that the manifest may have, separated by spaces}"
: "${KUSTOMIZATION:?what differs from the manifest, as a kustomization}"

directory=/etc/kubelab/pod-network
export KUBECONFIG=/etc/kubernetes/admin.conf

checksum() { sha256sum "$1" | cut -d ' ' -f 1; }
is_known() { [[ " $MANIFEST_SHA256 " == *" $(checksum "$1") "* ]]; }

fetch_manifest() {
  local file=$directory/manifest.yaml
  if [[ -f $file ]] && is_known "$file"; then return 0; fi
  fetched=$(mktemp)
  download "the pod network's manifest" "$MANIFEST_URL" "$fetched"
  is_known "$fetched" ||
    fail "checking the pod network's manifest from $MANIFEST_URL: found sha256 $(checksum "$fetched"), wanted $MANIFEST_SHA256"
  install_file 0644 "$fetched" "$file"
}

at_exit() { rm -f "${fetched:-}"; }

main() {
  fetch_manifest
  write_file 0644 "$directory/kustomization.yaml" "$KUSTOMIZATION"
  kubectl apply --kustomize "$directory" >&2
}

main </dev/null
