#!/usr/bin/env bash
# Looks before anything is touched: every failed check is named at once, with what was found, wanted and to be done. Its
# result, on stdout, is what the machine is known by.
# library: traces.sh
# library: found-machine.sh
# library: guest_system.sh
# library: clock.sh
# library: firewall.sh
# library: resolver.sh
# library: virtualization.sh
# library: module-devices.sh
# library: machine-identity.sh
: "${NODE_NAME:?name of the node}"
: "${NODE_ADDRESS:?the address that the node must hold}"
: "${TIME_SERVICE:?what keeps the clock of the declared system, and what shows its state}"
: "${NETWORK_FILES:?where the declared system keeps the settings of its network}"
: "${MIN_CPUS:?CPUs that the role needs}"
: "${MIN_MEMORY_MIB:?memory that the role needs, MiB}"
: "${MIN_DISK_GIB:?free disk that the role needs, GiB}"
: "${NESTED_VIRTUALIZATION:?require, prefer or off: whether guests must run, should, or are not asked for}"
: "${ROOM?lines of: folder that is to be there, GiB of disk that it takes; empty: none}"
: "${NEEDING_KVM?handlers of the node that run virtual machines, separated by spaces; empty: none}"
: "${MODULES?lines of: module of the kernel that handlers of the node need, its device; empty: none}"
: "${SERVICE_SUBNET:?CIDR of the addresses of services}"
: "${POD_SUBNET:?CIDR of the addresses of pods}"
: "${CLOCKS?URLs, separated by spaces, whose servers are asked for the time if they answer}"
: "${MIRRORS?URLs, separated by spaces, that the machine must reach; empty: none}"
: "${MIRROR_CA?PEM text of the authorities of the mirrors, beside those of the system}"
: "${CLEAN_INSTALL:?true when an old installation will be removed, so that it is no fault}"
: "${KUBERNETES_VERSION:?version such as 1.36.3 that the node is to have}"
: "${IGNORED?names of checks, separated by spaces, that only warn}"

failures=0

is_ignored() { [[ " ${IGNORED,,} " == *" ${1,,} "* ]]; }

# check NAME FOUND WANTED REMEDY COMMAND...
check() {
  local name=$1 found=$2 wanted=$3 remedy=$4
  shift 4
  if "$@" >/dev/null 2>&1; then return 0; fi
  if is_ignored "$name"; then
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
has_route() { [[ -n $(ip -4 route show default) || -n $(ip -4 route show match "$SERVICE_SUBNET") ]]; }

# ask URL [OPTION...]: the headers of an answer.
ask() {
  local ca=()
  [[ -z $MIRROR_CA ]] || ca=(--cacert "$ca_file")
  curl --silent --show-error --output /dev/null --dump-header - --max-time 10 "${ca[@]}" "${@:2}" "$1"
}

check_mirrors() {
  local mirror answer status time
  for mirror in $MIRRORS; do
    status=0
    answer=$(ask "$mirror" 2>&1) || status=$?
    check Mirror "no answer from $mirror ($(tail -n 1 <<<"$answer"))" 'an answer with a certificate of the given authority' \
      "on the machine run: curl -v $mirror" is "$status" 0
    # A certificate may be refused for the clock alone: the time of whoever answers is evidence, and no more.
    ((status != 60)) || answer=$(ask "$mirror" --insecure 2>/dev/null) || true
    if time=$(date_of "$answer"); then compare_clock "$time" "the server of $mirror"; fi
  done
}

check_clock() {
  local url time compared=false
  for url in $CLOCKS; do
    time=$(date_of "$(ask "$url" --connect-timeout 3 2>/dev/null || true)") || continue
    compare_clock "$time" "the server of $url"
    compared=true
  done
  [[ $compared == true || -n $clock_faults ]] || compare_hardware_clock
  check Clock "${clock_faults#; }" "at most ${clock_limit_seconds:?} s apart" \
    "set whichever is wrong, by NTP: $TIME_SERVICE on the machine$(remedy ', "Time & date" on the ESXi host' '')" none "$clock_faults"
}

check_network() {
  local found file
  check Address "$(ip -o -4 address show scope global | awk '{print $4}' | xargs)" "$NODE_ADDRESS" \
    "$(remedy 'look for a second DHCP lease of this machine' "write nodeAddress at platform/existing/machines/$NODE_NAME of the site file, the address by which other nodes reach it")" holds_address
  [[ -z $MACHINE_NETWORK ]] || check MachineNetwork "$NODE_ADDRESS" "an address in $MACHINE_NETWORK" \
    'write another nodeAddress at the machine, or another addresses/network, in the site file' holds_in "$MACHINE_NETWORK" "$NODE_ADDRESS"
  check Route 'no default route' "one, or a route to the services' network $SERVICE_SUBNET" \
    "$(remedy 'let DHCP name a router, or add to the image' 'add a default route, or') a route to that network by the network card ($NETWORK_FILES)" has_route
  file=$(resolver_file)
  found=$(resolver_fault "$file")
  check Resolver "$found" 'name servers that pods reach' "$(resolver_remedy)" none "$found"
  found=$(name_servers "$file" | wc -l)
  ((found <= 3)) || say "warning: preflight Resolver on $NODE_NAME: found $found name servers in $file, of which pods get the first three; leave three there"
  found=$(firewall)
  if [[ -n $found ]]; then
    check Firewall "$found, which keeps closed $(closed_ports "$found")" 'these ports open' "$(firewall_remedy "$found")" \
      none "$(closed_ports "$found")"
  fi
  found=$(closed_forwarding)
  check Forwarding "a drop of forwarded packets in $found" "none of the pods'" \
    "let packets from and to $POD_SUBNET pass in its forward chain" none "$found"
}

# With their kernel's names, as kubeadm's check of the same name has them.
cgroup_fault() {
  local root=/sys/fs/cgroup controller missing=''
  if [[ ! -f $root/cgroup.controllers ]]; then
    if [[ -d $root/unified ]]; then echo 'cgroup v1 with v2 beside it (hybrid)'; else echo 'cgroup v1'; fi
    return 0
  fi
  for controller in cpu cpuset memory pids; do
    grep -qw "$controller" $root/cgroup.controllers || missing+=" $controller"
  done
  [[ -z $missing ]] || echo "cgroup v2 without$missing"
}

# What is mounted so that containers, the CNI's plugins or cri-dockerd could not be written or run.
mount_faults() {
  local path options
  for path in /etc /opt /usr/local/bin /var/lib; do
    options=$(findmnt --noheadings --output OPTIONS --target "$path" 2>/dev/null) || continue
    [[ ,$options, != *,ro,* ]] || printf '%s read-only, ' "$path"
    [[ $path == /etc || ,$options, != *,noexec,* ]] || printf '%s noexec, ' "$path"
  done | sed 's/, $//'
}

check_system() {
  local os found
  os=$(running_system)
  check OperatingSystem "$os" "$GUEST_SYSTEM" "$(system_remedy "$os")" is "$os" "$GUEST_SYSTEM"
  check Init "$(cat /proc/1/comm)" systemd 'use an image that boots systemd' is "$(cat /proc/1/comm)" systemd
  check Hostname "$(uname -n)" "$NODE_NAME" \
    "$(remedy 'look at /var/log/cloud-init.log' "run there: hostnamectl set-hostname $NODE_NAME; or call the node by the machine's name")" is "$(uname -n)" "$NODE_NAME"
  found=$(cgroup_fault)
  check SystemVerification "$found" 'cgroup v2 with cpu, cpuset, memory and pids' \
    "boot the kernel with systemd.unified_cgroup_hierarchy=1 cgroup_enable=memory, and without what turns them off (GRUB_CMDLINE_LINUX in /etc/default/grub, update-grub)" \
    none "$found"
  found=$(mount_faults)
  check Mounts "$found" 'file systems to write in and to run from' 'mount them rw and exec, in /etc/fstab' none "$found"
  found=$(cat /sys/fs/selinux/enforce 2>/dev/null || echo 0)
  check SELinux enforcing permissive "set SELINUX=permissive in /etc/selinux/config and run: setenforce 0" is "$found" 0
  found=$(apparmor_fault)
  [[ -z $found ]] || is_ignored AppArmor || say "warning: preflight AppArmor on $NODE_NAME: found it on, where $found"
}

# An installation that kubelab did not make for this node: its files would take part in ours.
leftovers() {
  if is_ours || [[ $CLEAN_INSTALL == true ]]; then return 0; fi
  [[ ! -f /etc/kubelab/node ]] || printf "kubelab's node %s; " "$(</etc/kubelab/node)"
  strange_traces | paste -sd ';' | sed 's/;/; /g'
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

check_machine() {
  local memory disk found more='give the machine more, or choose another'
  memory=$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)
  disk=$(df --output=avail -BG /var | tail -n 1 | tr -dc '0-9')
  check_version
  check CPUs "$(nproc)" "at least $MIN_CPUS" "$(remedy 'raise machine.cpus' "$more")" at_least "$(nproc)" "$MIN_CPUS"
  check Memory "$memory MiB" "at least $MIN_MEMORY_MIB MiB" "$(remedy 'raise machine.memoryMiB' "$more")" at_least "$memory" "$MIN_MEMORY_MIB"
  found=$(disk_wanted)
  check Disk "$disk GiB free in /var" "at least $found GiB" "$(remedy 'raise machine.diskGiB' "$more")" at_least "$disk" "$found"
  found=$(leftovers)
  check Leftovers "$found" 'no earlier installation' \
    "set cleanInstall: true to have it removed, or $(remedy 'build the machine anew' 'remove it by hand')" none "$found"
  check_virtualization
  check_modules
}

# What is there already needs no more room.
disk_wanted() {
  local folder gib wanted=$MIN_DISK_GIB
  while read -r folder gib; do
    [[ -z $folder || -e $folder ]] || wanted=$((wanted + gib))
  done <<<"$ROOM"
  echo "$wanted"
}

check_virtualization() {
  local fault
  [[ $NESTED_VIRTUALIZATION != off ]] || return 0
  fault=$(virtualization_fault)
  if [[ -n $fault && $NESTED_VIRTUALIZATION == prefer ]]; then
    say "warning: preflight NestedVirtualization on $NODE_NAME: found ${fault%%$'\n'*}; ${fault#*$'\n'}, or set nestedVirtualization: off"
    return 0
  fi
  check NestedVirtualization "${fault%%$'\n'*}" "a guest that runs by KVM${NEEDING_KVM:+, as $NEEDING_KVM needs it}" \
    "${fault#*$'\n'}; or $(virtualization_way_out)" none "$fault"
}

virtualization_way_out() {
  if [[ -n $NEEDING_KVM ]]; then echo "take $NEEDING_KVM from the handlers of $NODE_NAME"; else echo 'set nestedVirtualization to prefer or off'; fi
}

check_modules() {
  local module device fault
  while read -r module device; do
    [[ -n $module ]] || continue
    fault=$(module_fault "$module" "$device")
    check Modules "$fault" "$device, which handlers of the node need" \
      "boot a kernel that has $module, such as linux-image-amd64, or with linux-modules-extra; or take the handler from $NODE_NAME" none "$fault"
  done <<<"$MODULES"
}

check_all() {
  check_system
  check_machine
  check_network
  check_mirrors
  check_clock
}

at_exit() { rm -f "${ca_file:-}"; }

main() {
  need_programs
  wait_for_first_boot
  ca_file=$(mktemp)
  {
    cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true
    printf '%s\n' "$MIRROR_CA"
  } >"$ca_file"
  check_all
  ((failures == 0)) || fail "$failures preflight checks failed on $NODE_NAME"
  machine_identity "$(ip -o -4 address show to "$NODE_ADDRESS" | awk '{print $2; exit}')"
}

main </dev/null
