# shellcheck shell=bash
# Images that the node's runtime has before something waits for them.

pull_image() { timeout 300 crictl pull "$1" >/dev/null; }

# pull_images IMAGE...: pulls those that are not there, by their fully qualified names.
pull_images() {
  local image
  for image in "$@"; do
    if crictl inspecti --quiet "$image" >/dev/null 2>&1; then continue; fi
    say "pulling $image"
    pull_image "$image" || fail "pulling $image on $NODE_NAME: see above; on the node run: crictl pull $image"
  done
}
