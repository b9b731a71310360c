#!/bin/bash
# First process of a node's container: makes the container look like a machine, then becomes systemd. The root file
# system is that of an image for virtual machines; whatever the lab adds lies in /run, and ends with the container.
set -euo pipefail

: "${KUBELAB_GATEWAY:?gateway of the machine network}"
# engine: as DHCP would, from outside; guest: the guest data say how, and nobody else does.
: "${KUBELAB_NETWORK:=engine}"

readonly lib=/run/kubelab-rig
readonly cgroups=/sys/fs/cgroup
readonly units=/run/systemd/system
# The simulated host looks for addresses once it is there.
readonly network_taken=/run/kubelab-network-taken

# What waits for hardware or works on it, which a container has not or has not alone.
readonly MASKED=(
  boot-efi.mount
  systemd-networkd-wait-online.service
  systemd-growfs-root.service
  systemd-remount-fs.service
  systemd-udev-trigger.service
  systemd-udevd-control.socket
  systemd-udevd-kernel.socket
  systemd-udevd.service
)
# All names of cloud-init's stages, of its older and newer releases.
readonly CLOUD_INIT=(cloud-init-main cloud-init-local cloud-init-network cloud-init cloud-config cloud-final)

# The container's own cgroup v1 hierarchies are mounted inside its cgroup namespace, so that every path in them is
# relative to the node. On cgroup v2 the engine's mount is that already, but may be read-only.
mount_cgroups() {
  local id controllers path name
  if [[ $(stat -fc %T "$cgroups") == cgroup2fs ]]; then
    mount -o remount,rw "$cgroups"
    return
  fi
  umount -R "$cgroups" 2>/dev/null || true # nothing is mounted there on some engines
  mount -t tmpfs -o mode=755 tmpfs "$cgroups"
  while IFS=: read -r id controllers path; do
    case $controllers in
      "")
        [[ $id == 0 && -n $path ]] || continue
        mkdir -p "$cgroups/unified"
        mount -t cgroup2 cgroup2 "$cgroups/unified"
        ;;
      name=*)
        name=${controllers#name=}
        mkdir -p "$cgroups/$name"
        mount -t cgroup -o "none,name=$name" cgroup "$cgroups/$name"
        ;;
      *)
        mkdir -p "$cgroups/$controllers"
        mount -t cgroup -o "$controllers" cgroup "$cgroups/$controllers"
        link_joined_controllers "$controllers"
        ;;
    esac
  done </proc/self/cgroup
}

# Joined controllers (cpu,cpuacct) are also looked for by their single names.
link_joined_controllers() {
  local controller
  [[ $1 == *,* ]] || return 0
  for controller in ${1//,/ }; do
    ln -sfn "$1" "$cgroups/$controller"
  done
}

# The engine binds these files into the container, and has put empty ones in place of the image's below them; a machine
# owns them and can replace them.
own_network_files() {
  local file
  for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
    if mountpoint -q "$file"; then
      umount "$file"
    fi
  done
  if [[ ! -s /etc/hostname ]]; then
    hostname >/etc/hostname
    printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$(hostname)" >/etc/hosts
    ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
  fi
}

# What DHCP would say. Nothing answers at the gateway, which is known at once, while the engine's own resolver would
# make CoreDNS loop.
name_server() {
  mkdir -p /run/systemd/resolved.conf.d
  printf '[Resolve]\nDNS=%s\n' "$KUBELAB_GATEWAY" >/run/systemd/resolved.conf.d/dhcp.conf
}

install_units() {
  local unit
  mkdir -p "$units/multi-user.target.wants"
  cp "$lib"/units/*.service "$units"
  ln -sfn ../apt-daily-at-first-boot.service "$units/multi-user.target.wants"
  for unit in "${CLOUD_INIT[@]}"; do
    mkdir -p "$units/$unit.service.d"
    cp "$lib/units/guestinfo.conf" "$units/$unit.service.d"
  done
  for unit in "${MASKED[@]}"; do
    ln -sfn /dev/null "$units/$unit"
  done
}

# The network adapter has the MAC that the VM's virtual hardware shows. The neighbours are told (arp_notify): one that
# knocked a moment earlier would go on sending to the engine's MAC for most of a minute.
take_mac() {
  if [[ -n ${VMX_ETHERNET0_ADDRESS:-} ]]; then
    echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify
    ip link set dev eth0 address "$VMX_ETHERNET0_ADDRESS"
  fi
}

# What the engine has configured is taken away: the adapter is as bare as a new machine's, until cloud-init has read the
# guest data and networkd has done what they say. Wrong ones leave the machine unreachable, as they would a real one.
leave_network_to_guest() {
  ip address flush dev eth0
  ip route flush table main
  # What udev would say of an adapter that it has seen: networkd waits for it where it can write to /sys.
  mkdir -p /run/udev/data
  printf 'I:1\nE:ID_NET_MANAGED_BY=io.systemd.Network\n' >"/run/udev/data/n$(cat /sys/class/net/eth0/ifindex)"
  ln -sfn ../adapter-by-mac.service "$units/multi-user.target.wants"
  : >"$network_taken"
}

# An internal network of a newer engine gives no default route, without which traffic to a Service's address has no
# way out of the node before its destination is rewritten. The gateway forwards nothing.
route_by_gateway() {
  if [[ -z $(ip -4 route show default) ]]; then
    ip -4 route add default via "$KUBELAB_GATEWAY"
  fi
}

# The kubelet's oomWatcher wants to read the kernel's log, which is not the node's.
provide_kmsg() {
  if ! : 2>/dev/null </dev/kmsg; then
    ln -sfn /dev/null /dev/kmsg
  fi
}

# Every VM has a BIOS UUID of its own. A host without DMI has no such file, and neither has the node.
provide_product_uuid() {
  local file=/sys/class/dmi/id/product_uuid
  if [[ -n ${VMX_UUID_BIOS:-} && -e $file ]]; then
    printf '%s\n' "$VMX_UUID_BIOS" >/run/product_uuid
    chmod 0400 /run/product_uuid
    mount --bind /run/product_uuid "$file"
  fi
}

# Each start is a boot of its own to the journal, to the kubelet and to whoever waits for a restart.
provide_boot_id() {
  cat /proc/sys/kernel/random/uuid >/run/boot_id
  chmod 0444 /run/boot_id
  mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
}

# Only with CAP_SYS_RESOURCE may a process lower its oom_score_adj, as container runtimes do for important pods.
choose_runc() {
  if (echo -998 >/proc/self/oom_score_adj) 2>/dev/null; then
    rm -f /usr/local/sbin/runc
  else
    ln -sfn "$lib/runc_clamp.py" /usr/local/sbin/runc
  fi
}

provide_network() {
  if [[ $KUBELAB_NETWORK == guest ]]; then
    leave_network_to_guest
  else
    name_server
    route_by_gateway
  fi
}

main() {
  take_mac
  mount --make-rshared /
  mount_cgroups
  own_network_files
  install_units
  provide_network
  provide_kmsg
  provide_product_uuid
  provide_boot_id
  choose_runc
}

main </dev/null
# In a container these stand for the kernel's command line. Where the engine has configured the network, cloud-init does
# not; and systemd from release 256 on starts on a host's old cgroups only where it is told to.
arguments=(SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1)
if [[ $KUBELAB_NETWORK != guest ]]; then arguments=(network-config=disabled "${arguments[@]}"); fi
exec /sbin/init "${arguments[@]}"
