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

# What runs already is started anew with what changed, before anything is proven on it.
await_changed_workloads() {
  local kind namespace name
  while read -r kind namespace name; do
    grep -qx "${kind,,}\.apps/$name configured" <<<"$1" || continue
    kubectl --namespace "$namespace" rollout status "${kind,,}/$name" --timeout 240s >&2 ||
      fail "waiting 240 s for $kind $name of the changed pod network: the last line of its log is $(kubectl --namespace "$namespace" logs "${kind,,}/$name" --tail 1 2>&1 | tail -n 1)"
  done < <(kubectl get --kustomize "$directory" --no-headers --output custom-columns=K:.kind,N:.metadata.namespace,M:.metadata.name)
}

main() {
  local applied
  fetch_manifest
  write_file 0644 "$directory/kustomization.yaml" "$KUSTOMIZATION"
  applied=$(kubectl apply --kustomize "$directory")
  say "$applied"
  await_changed_workloads "$applied"
}

main </dev/null
