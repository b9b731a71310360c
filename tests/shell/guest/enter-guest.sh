#!/usr/bin/env bash
# enter-guest.sh ROOT COMMAND...: runs COMMAND with ROOT as its root directory. Of the machine it sees the programs,
# read-only, and no other process; all it can write is ROOT. To be called inside
# `unshare --mount --uts --net --pid --cgroup --fork`. Status 97: there is no entering.
set -euo pipefail
trap 'echo "entering the guest: line $LINENO of enter-guest.sh failed" >&2; exit 97' ERR
root=$1
shift

# All mounts by one process, in their order.
mounts() {
  local directory file
  for directory in usr bin sbin lib lib32 lib64 libx32; do
    [[ -L $root/$directory || ! -d $root/$directory ]] || bind "/$directory" "$directory" ,ro
  done
  bind "$root/local" usr/local
  printf 'proc %s/proc proc ro 0 0\n' "${root// /\\040}"
  for file in cpuinfo meminfo filesystems 1/comm 1/cgroup 1/cmdline sys/net; do
    bind "$root/kernel/$file" "proc/$file"
  done
  bind /dev/null dev/null
  bind /dev/urandom dev/urandom
  # Any character device will do: a step only looks whether it is one.
  [[ ! -e $root/dev/kvm ]] || bind /dev/null dev/kvm
}

bind() { printf '%s %s none bind%s 0 0\n' "${1// /\\040}" "${root// /\\040}/$2" "${3:-}"; }

mounts >"$root/local/mounts"
mount --all --fstab "$root/local/mounts"
hostname --file "$root/etc/hostname"

trap - ERR
# Not by exec: the first process of a namespace of processes cannot be killed from inside.
status=0
chroot "$root" "$@" || status=$?
exit "$status"
