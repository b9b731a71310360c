#!/usr/bin/env bash
# Pulls a node's images ahead, so that a missing image is a named failure and not a silent wait of init or join.
: "${NODE_NAME:?name of the node}"
: "${IMAGES:?fully qualified image names, separated by spaces}"

main() {
  local image
  for image in $IMAGES; do
    if crictl inspecti --quiet "$image" >/dev/null 2>&1; then continue; fi
    say "pulling $image"
    timeout 300 crictl pull "$image" >/dev/null ||
      fail "pulling $image on $NODE_NAME: see above; on the node run: crictl pull $image"
  done
}

main </dev/null
