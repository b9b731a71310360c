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
  install -d -m 0755 "$directory"
  fetch_manifest
  write_file 0644 "$directory/kustomization.yaml" "$KUSTOMIZATION"
  applied=$(kubectl apply --kustomize "$directory")
  say "$applied"
  await_changed_workloads "$applied"
}

main </dev/null
