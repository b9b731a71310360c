#!/usr/bin/env bash
# enter.sh ROOT WORK: runs the steps in WORK in ROOT, a root file system, as on a machine that is not running: in
# namespaces of its own, which whoever calls this has made (mounts, processes, name, IPC; the network is this machine's),
# with devices that hold no data, and without the rights to change this machine's kernel or network.
set -euo pipefail

root=$1 work=$2
here=/run/kubelab-image
# /proc/sys and /sys are read-only besides.
without=(audit_control mac_admin net_admin sys_boot sys_module sys_pacct sys_rawio sys_time syslog)

read_only() { mount -o remount,bind,ro "$1"; }

# Read-only with all that is mounted below it, such as the hierarchies of cgroups that Docker looks for.
show_sys() {
  local target
  mount --rbind /sys "$root/sys"
  while read -r target; do
    [[ $target != "$root/sys" && $target != "$root/sys/"* ]] || read_only "$(printf '%b' "$target")"
  done < <(findmnt --raw --noheadings --output TARGET)
}

show_proc() {
  local path
  mount -t proc proc "$root/proc"
  for path in sys sysrq-trigger irq bus; do
    [[ ! -e $root/proc/$path ]] || { mount --bind "$root/proc/$path" "$root/proc/$path" && read_only "$root/proc/$path"; }
  done
}

make_devices() {
  local name
  mount -t tmpfs -o mode=0755,size=1m tmpfs "$root/dev"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"
  ln -s fd/1 "$root/dev/stdout"
  ln -s fd/2 "$root/dev/stderr"
  mkdir "$root/dev/shm"
  mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/dev/shm"
}

# Names are found as on this machine.
know_names() {
  install -d "$root/run/systemd/resolve"
  [[ ! -e /etc/resolv.conf ]] || cp --dereference /etc/resolv.conf "$root/run/systemd/resolve/stub-resolv.conf"
  [[ ! -e /etc/hosts ]] || mount --bind /etc/hosts "$root/etc/hosts"
}

# Debian itself comes from where this machine gets it.
use_own_mirrors() {
  local list
  for list in "$work"/mirrors/*.list; do
    [[ ! -e $list || ! -e $root/etc/apt/mirrors/${list##*/} ]] || mount --bind "$list" "$root/etc/apt/mirrors/${list##*/}"
  done
}

# A container runtime keeps images in layers, one over the other.
check_layers() {
  local try=$root/var/lib/kubelab-layers
  mkdir -p "$try"/{lower,upper,work,merged}
  mount -t overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" overlay "$try/merged" || {
    echo "error: mounting layers in ${root%/*}: overlayfs does not work on $(stat -f -c %T "$root"), or not here at all; name a folder on another file system by KUBELAB_IMAGES=" >&2
    exit 1
  }
  umount "$try/merged"
  rm -rf "$try"
}

main() {
  mount --bind "$root" "$root"
  check_layers
  show_sys
  show_proc
  make_devices
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  install -d -m 0700 "$root$here"
  mount --bind "$work" "$root$here"
  read_only "$root$here"
  install -d "$root/run/lock" "$root/run/kubelab-daemons"
  touch "$root/usr/sbin/policy-rc.d"
  mount --bind "$work/policy-rc.d.sh" "$root/usr/sbin/policy-rc.d"
  know_names
  use_own_mirrors
  hostname "$(<"$work/name")"
}

main "$@" </dev/null
exec chroot "$root" setpriv --bounding-set "$(printf -- '-%s,' "${without[@]}" | sed 's/,$//')" \
  bash "$here/run-steps.sh" </dev/null
