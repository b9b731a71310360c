# shellcheck shell=bash
# Images that the node's runtime has before something waits for them.
: "${IMAGE_SOURCES?lines of: registry, where its images really lie, for a runtime that cannot be told so; empty: none}"

# Docker's mirrors are for docker.io alone: images of other registries are pulled by their place, and renamed.
pull_image() {
  local registry location source
  while read -r registry location; do
    [[ -n $registry && $1 == "$registry"/* ]] || continue
    source=$location/${1#*/}
    timeout 300 docker --config /etc/kubelab/registries/.docker pull --quiet "$source" >/dev/null &&
      docker tag "$source" "$1" && docker rmi --no-prune "$source" >/dev/null
    return
  done <<<"$IMAGE_SOURCES"
  timeout 300 crictl pull "$1" >/dev/null
}

# pull_images IMAGE...: pulls those that are not there, by their fully qualified names.
pull_images() {
  local image
  for image in "$@"; do
    if crictl inspecti --quiet "$image" >/dev/null 2>&1; then continue; fi
    say "pulling $image"
    pull_image "$image" || fail "pulling $image on $NODE_NAME: see above; on the node run: crictl pull $image"
  done
}
