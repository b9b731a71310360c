# shellcheck shell=bash
# What is different about a machine that kubelab found and did not make: nothing of it is made anew, nor written where
# images and sizes are.
: "${MACHINE:?made, or existing}"
: "${MACHINE_NETWORK?network in which the address of a machine that exists must lie, CIDR; empty: any}"
: "${NEEDS?lines of: program that this step calls, its package; empty: an image has them}"

exists() { [[ $MACHINE == existing ]]; }

# remedy MADE EXISTING: whichever the machine is.
remedy() { if exists; then printf '%s' "$2"; else printf '%s' "$1"; fi; }

# Without them nothing can be looked at.
need_programs() {
  local program package missing='' packages=''
  while read -r program package; do
    [[ -n $program ]] || continue
    command -v "$program" >/dev/null || { missing+=" $program" && packages+=" $package"; }
  done <<<"$NEEDS"
  [[ -z $missing ]] || fail "preflight Programs on $NODE_NAME: found no$missing, wanted these programs to look at the machine with; run there: apt-get install --yes$packages"
}

# cloud-init ends with 2 when it was done but met something it recovered from. What a machine that exists was made by, and
# how that ended, is its owner's.
wait_for_first_boot() {
  if exists; then
    command -v cloud-init >/dev/null || return 0
    timeout 300 cloud-init status --wait >/dev/null 2>&1 || true
    return 0
  fi
  timeout 300 cloud-init status --wait >/dev/null || [[ $? == 2 ]] ||
    fail "cloud-init did not finish on $NODE_NAME: $(cloud-init status --long 2>&1 | tr '\n' ' '); look at /var/log/cloud-init.log"
}

# holds_in NETWORK ADDRESS: whether an address of the machine lies in that network.
holds_in() { [[ $(ip -o -4 address show to "$1") == *" $2/"* ]]; }
