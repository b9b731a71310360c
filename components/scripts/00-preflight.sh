#!/usr/bin/env bash
# Looks before anything is touched: every failed check is named at once, with what was found, wanted and to be done.
# library: traces.sh
: "${NODE_NAME:?name of the node}"
: "${NODE_ADDRESS:?the address that the node must hold}"
: "${GUEST_SYSTEM:?ID and VERSION_ID of /etc/os-release that the node must have}"
: "${MIN_CPUS:?CPUs that the role needs}"
: "${MIN_MEMORY_MIB:?memory that the role needs, MiB}"
: "${MIN_DISK_GIB:?free disk that the role needs, GiB}"
: "${NESTED_VIRTUALIZATION:?true when the guest must have hardware virtualization}"
: "${MIRRORS?URLs, separated by spaces, that the machine must reach; empty: none}"
: "${MIRROR_CA?PEM text of the authorities of the mirrors, beside those of the system}"
: "${CLEAN_INSTALL:?true when an old installation will be removed, so that it is no fault}"
: "${KUBERNETES_VERSION:?version such as 1.36.3 that the node is to have}"
: "${IGNORED?names of checks, separated by spaces, that only warn}"

failures=0

# check NAME FOUND WANTED REMEDY COMMAND...
check() {
  local name=$1 found=$2 wanted=$3 remedy=$4
  shift 4
  if "$@" >/dev/null 2>&1; then return 0; fi
  if [[ " $IGNORED " == *" $name "* ]]; then
    say "warning: preflight $name on $NODE_NAME: found $found, wanted $wanted (ignored)"
    return 0
  fi
  say "preflight $name on $NODE_NAME: found $found, wanted $wanted; $remedy"
  failures=$((failures + 1))
}

at_least() { (($1 >= $2)); }
is() { [[ $1 == "$2" ]]; }
none() { [[ -z $1 ]]; }
holds_address() { [[ -n $(ip -o -4 address show to "$NODE_ADDRESS") ]]; }
has_hardware_virtualization() { grep -qwE 'vmx|svm' /proc/cpuinfo && [[ -c /dev/kvm ]]; }

reaches() {
  local ca=()
  [[ -z $MIRROR_CA ]] || ca=(--cacert "$ca_file")
  curl --silent --output /dev/null --max-time 10 "${ca[@]}" "$1"
}

# An installation that kubelab did not make for this node: its files would take part in ours.
leftovers() {
  if is_ours || [[ $CLEAN_INSTALL == true ]]; then return 0; fi
  [[ ! -f /etc/kubelab/node ]] || printf "kubelab's node %s; " "$(</etc/kubelab/node)"
  found_traces | paste -sd ';' | sed 's/;/; /g'
}

# Kubelets may not be newer than their API server, and a cluster is changed in an order that no run without an upgrade
# keeps. It stops nothing else: each member says the same.
check_version() {
  local found
  [[ -f /etc/kubelab/cluster-identity.yaml || -f /etc/kubelab/joined ]] || return 0
  # shellcheck disable=SC2016 # dpkg-query's own words
  found=$(dpkg-query -W -f '${Version}' kubelet 2>/dev/null) || return 0
  found=${found%%-*}
  [[ $found != "$KUBERNETES_VERSION" ]] || return 0
  say "preflight MemberVersion on $NODE_NAME: found a member of a cluster of Kubernetes $found, wanted $KUBERNETES_VERSION; running clusters are not upgraded: set kubernetesVersion to $found again, or destroy the lab and build it anew"
  failures=$((failures + 1))
}

check_all() {
  local os memory disk found mirror
  # shellcheck disable=SC1091
  os=$(. /etc/os-release && printf '%s %s' "$ID" "$VERSION_ID")
  memory=$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)
  disk=$(df --output=avail -BG /var | tail -n 1 | tr -dc '0-9')
  found=$(leftovers)
  check_version
  check OperatingSystem "$os" "$GUEST_SYSTEM" "use an image of $GUEST_SYSTEM" is "$os" "$GUEST_SYSTEM"
  check Init "$(cat /proc/1/comm)" systemd 'use an image that boots systemd' is "$(cat /proc/1/comm)" systemd
  check Hostname "$(uname -n)" "$NODE_NAME" 'look at /var/log/cloud-init.log' is "$(uname -n)" "$NODE_NAME"
  check Address "$(ip -o -4 address show scope global | awk '{print $4}' | xargs)" "$NODE_ADDRESS" \
    'look for a second DHCP lease of this machine' holds_address
  check CPUs "$(nproc)" "at least $MIN_CPUS" 'raise machine.cpus' at_least "$(nproc)" "$MIN_CPUS"
  check Memory "$memory MiB" "at least $MIN_MEMORY_MIB MiB" 'raise machine.memoryMiB' at_least "$memory" "$MIN_MEMORY_MIB"
  check Disk "$disk GiB free in /var" "at least $MIN_DISK_GIB GiB" 'raise machine.diskGiB' at_least "$disk" "$MIN_DISK_GIB"
  check Leftovers "$found" 'no earlier installation' 'set cleanInstall: true to have it removed, or build the machine anew' none "$found"
  if [[ $NESTED_VIRTUALIZATION == true ]]; then
    check NestedVirtualization 'no vmx or svm in /proc/cpuinfo, or no /dev/kvm' 'hardware virtualization in the guest' \
      'enable VT-x or AMD-V on the ESXi host' has_hardware_virtualization
  fi
  for mirror in $MIRRORS; do
    check Mirror "no answer from $mirror" 'an answer with a certificate of the given authority' \
      "on the machine run: curl -v $mirror" reaches "$mirror"
  done
}

at_exit() { rm -f "${ca_file:-}"; }

main() {
  # cloud-init ends with 2 when it was done but met something it recovered from.
  timeout 300 cloud-init status --wait >/dev/null || [[ $? == 2 ]] ||
    fail "cloud-init did not finish on $NODE_NAME: $(cloud-init status --long 2>&1 | tr '\n' ' '); look at /var/log/cloud-init.log"
  ca_file=$(mktemp)
  {
    cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true
    printf '%s\n' "$MIRROR_CA"
  } >"$ca_file"
  check_all
  ((failures == 0)) || fail "$failures preflight checks failed on $NODE_NAME"
}

main </dev/null
