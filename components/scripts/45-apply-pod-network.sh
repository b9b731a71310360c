#!/usr/bin/env bash
# Applies the pod network's manifest of a pinned version, with this cluster's pod subnet.
# library: files.sh
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
  curl --fail --silent --show-error --location --retry 3 --max-time 60 --output "$file" "$MANIFEST_URL" ||
    fail "fetching the pod network's manifest from $MANIFEST_URL: see curl's message above"
  is_known "$file" ||
    fail "checking the pod network's manifest from $MANIFEST_URL: found sha256 $(checksum "$file"), wanted $MANIFEST_SHA256"
}

main() {
  install -d -m 0755 "$directory"
  fetch_manifest
  write_file 0644 "$directory/kustomization.yaml" "$KUSTOMIZATION"
  kubectl apply --kustomize "$directory" >&2
}

main </dev/null
