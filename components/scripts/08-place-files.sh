#!/usr/bin/env bash
# Places what the owner of a lab puts on this machine, before packages are asked for: files, which may be of the way to
# them, and keys of people who log in. With the argument `remove` all of it goes, and what stood there before comes back.
# library: owner.sh
# library: ownership.sh
: "${NODE_NAME:?name of the node}"

main() {
  # shellcheck disable=SC2034 # owner.sh places them
  case ${1:-} in
    place) claim_node 'placing files on' ;;
    remove) OWN_FILES='' AUTHORIZED_KEYS='' ;;
    *) fail "placing files on $NODE_NAME: found argument '${1:-}', wanted place or remove" ;;
  esac
  place_own_files
  authorize_keys
}

main "$@" </dev/null
