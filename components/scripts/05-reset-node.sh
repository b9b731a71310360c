#!/usr/bin/env bash
# Brings a machine back to what it was before any Kubernetes and container runtime: when it carries an old installation
# and is to be cleaned, or when it is a worker that gets another runtime; remove: also when it is this node, whatever it
# runs, since its machine goes on without kubelab. It removes what kubelab recorded that it installed, and what is in the
# list of known traces; nothing else.
# library: traces.sh
# library: packages.sh
# library: owner.sh
# library: swap.sh
# library: hosts.sh
: "${NODE_NAME:?name of the node}"
: "${ROLE:?controlPlane or worker}"
: "${RUNTIME:?the word for the runtime that the node is to have}"
: "${CLEAN_INSTALL:?true when an old installation is to be removed}"
: "${SOCKETS:?sockets of all runtimes that kubelab knows, separated by spaces}"

# It stays until all is done, so that a reset that was interrupted is finished.
unfinished=/etc/kubelab/reset-unfinished

# must_reset [remove]
must_reset() {
  [[ ! -f $unfinished ]] || return 0
  if is_ours; then
    [[ ${1:-} != remove ]] || return 0
    [[ $ROLE == worker && -s /etc/kubelab/runtime && $(</etc/kubelab/runtime) != "$RUNTIME" ]]
    return
  fi
  if [[ ${1:-} == remove && -f /etc/kubelab/node ]]; then
    say "warning: found kubelab's node $(</etc/kubelab/node) in place of $NODE_NAME: it is left as it is"
  fi
  [[ ${1:-} != remove && $CLEAN_INSTALL == true && (-f /etc/kubelab/node || -n $(strange_traces)) ]]
}

# The users' kubeconfigs of the cluster that goes: they would name an authority that nobody knows any more.
remove_kubeconfigs() {
  local authority file
  [[ -f /etc/kubernetes/pki/ca.crt ]] || return 0
  authority=$(base64 -w 0 /etc/kubernetes/pki/ca.crt)
  for file in /root/.kube/config /home/*/.kube/config; do
    if [[ ! -f $file ]] || ! grep -qF "$authority" "$file"; then continue; fi
    if grep certificate-authority-data "$file" | grep -qvF "$authority"; then
      say "warning: $file names the cluster that goes, and others: remove its entries by hand"
    else
      rm -f "$file"
    fi
  done
}

remove_pods() {
  local socket
  for socket in $SOCKETS; do
    [[ -S ${socket#unix://} ]] || continue
    crictl --runtime-endpoint "$socket" pods --quiet 2>/dev/null |
      xargs --no-run-if-empty timeout 120 crictl --runtime-endpoint "$socket" --timeout 60s rmp --force || true
    command -v kubeadm >/dev/null || continue
    timeout 180 kubeadm reset --force --cri-socket "$socket" || true
  done
  if command -v docker >/dev/null; then timeout 30 docker ps --all --quiet | xargs --no-run-if-empty timeout 120 docker rm --force || true; fi
}

stop_units() {
  local unit
  while read -r unit; do
    timeout 120 systemctl disable --now "$unit" || true
  done < <(present unit)
  # Their files are mounted read-only: snapd alone removes them, here without keeping what they stored.
  while read -r unit; do timeout 300 snap remove --purge "$unit" || true; done < <(present snap)
  systemctl stop kubelab-proof.slice kubelab.slice kubepods.slice || true
}

kill_processes() {
  local name
  while read -r name; do
    # The kernel keeps 15 letters of a command's name.
    pkill --signal KILL --exact "${name:0:15}" || true
  done < <(traces process)
}

# mounted_below PATH: the deepest first.
mounted_below() { findmnt --raw --noheadings --output TARGET | awk -v path="$1/" 'index($0, path) == 1' | sort -r; }

unmount_below() {
  local target
  while read -r target; do timeout 60 umount --lazy "$(printf '%b' "$target")" || true; done < <(mounted_below "$1")
}

remove_links() {
  local name
  # Its link tunl0 cannot be deleted; it goes with the module.
  modprobe --remove ipip 2>/dev/null || true
  while read -r name; do ip link delete "$name" || true; done < <(present link)
  while read -r name _; do ip netns delete "$name" || true; done < <(ip netns list | grep '^cni-')
}

# Rules of others stay: the tables are written again without ours, and only a table that is empty then is deleted.
remove_rules() {
  local family patterns table
  # Docker turns forwarding of everything else off, and leaves it so.
  if command -v iptables >/dev/null && present chain | grep -qx DOCKER-USER; then iptables --policy FORWARD ACCEPT || true; fi
  patterns=$({
    traces chain | sed -E 's/\*/[^ ]*/g; s/.*/(^:|^-A | -[gj] )&( |$)/'
    traces link | sed -E 's/\*/[^ ]*/g; s/.*/ -[io] &( |$)/'
  } | paste -sd '|')
  for family in iptables ip6tables; do
    command -v "$family-save" >/dev/null || continue
    if [[ $("$family-save") =~ : ]]; then "$family-save" | grep -vE "$patterns" | "$family-restore"; fi
  done
  command -v nft >/dev/null || return 0
  while read -r table; do nft delete table "$table" || true; done < <(present table)
  while read -r table; do
    # shellcheck disable=SC2086 # family and name
    is_empty_table $table && nft delete table $table
  done < <(filter_tables | grep -E '^ip6? (filter|nat|mangle|raw|security)$')
  return 0
}

is_empty_table() {
  local text
  text=$(nft list table "$1" "$2") || return 1
  ! grep -q 'policy drop' <<<"$text" && ! grep -qvE '^\s*(table |chain |type |#|}|$)' <<<"$text"
}

purge() { apt_get purge --allow-change-held-packages "$@"; }

# Packages that came with ours go when nothing else on the machine needs them.
purge_packages() {
  local found recorded=/etc/kubelab/installed-packages
  end_record
  found=$(present package)
  # shellcheck disable=SC2086 # names
  [[ -z $found ]] || purge $found || return 1
  [[ -f $recorded ]] || return 0
  sort -u "$recorded" | comm -12 - <(dpkg-query -W -f '${Package}\n' | sort -u) | xargs --no-run-if-empty apt-mark auto
  while true; do
    found=$(apt-get -q -s -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false autoremove |
      awk '/^Remv/ {print $2}' | sort -u | comm -12 - <(sort -u "$recorded"))
    [[ -n $found ]] || break
    # shellcheck disable=SC2086 # names
    purge $found || return 1
  done
}

# What is still mounted below is not ours to empty.
remove_path() {
  unmount_below "$1"
  if [[ -n $(mounted_below "$1") ]]; then
    echo "removing $1: still mounted are $(mounted_below "$1" | xargs)"
    return 1
  fi
  # A directory that is a file system of its own is the machine's; its content is not. What stays is named at the end.
  if mountpoint -q "$1"; then
    find "$1" -xdev -mindepth 1 ! -name lost+found -delete || true
  else
    rm -rf --one-file-system "$1" || true
  fi
}

remove_paths() {
  local path
  while read -r path; do remove_path "$path" || return 1; done < <(present path)
  find /run/netns -maxdepth 0 -empty -delete 2>/dev/null || true
}

# Units of an installation from an archive, which no package knows.
remove_unit_files() {
  local unit file
  while read -r unit; do
    file=$(systemctl show "$unit" --property FragmentPath --value)
    if [[ -f $file ]] && ! dpkg-query --search "$file" >/dev/null 2>&1; then rm -f "$file"; fi
  done < <(present unit)
}

# What kubelab's own preparation wrote or set aside.
undo_preparation() {
  local file
  place_own_files
  authorize_keys
  rm -f /etc/modules-load.d/kubelab.conf /etc/sysctl.d/{99,zz}-kubelab.conf /etc/apt/keyrings/kubelab-* \
    /etc/apt/sources.list.d/kubelab-*
  for file in /etc/apt/sources.list.kubelab-disabled /etc/apt/sources.list.d/*.kubelab-disabled; do
    [[ ! -f $file ]] || mv "$file" "${file%.kubelab-disabled}"
  done
  # The second is there until the end, also when this was interrupted between the two commands.
  if [[ -f /usr/local/share/ca-certificates/kubelab-mirror.crt || -f /etc/kubelab/applied/mirror-ca ]]; then
    rm -f /usr/local/share/ca-certificates/kubelab-mirror.crt
    update-ca-certificates --fresh
  fi
  restore_swap
  keep_hosts ''
  find /var/log -maxdepth 1 -name 'kubelab-*.log' ! -name kubelab-steps.log ! -name "kubelab-${STEP%.sh}.log" -delete
}

reset_node() {
  remove_kubeconfigs
  systemctl stop kubelet || true
  remove_pods
  stop_units
  kill_processes
  remove_links
  remove_rules
  remove_paths || return 1
  purge_packages || return 1
  # Packages leave what they did not put there, and their removal may stop a service only now.
  kill_processes
  remove_links
  remove_paths || return 1
  remove_unit_files
  undo_preparation
  systemctl daemon-reload
  systemctl reset-failed || true
}

main() {
  local found
  case ${1:-} in
    '' | remove) must_reset "$@" || return 0 ;;
    *) fail "cleaning $NODE_NAME: found argument '$1', wanted remove or none" ;;
  esac
  say "removing from $NODE_NAME: $(found_traces | tr '\n' ' ')"
  install -D -m 0644 /dev/null "$unfinished"
  logged "cleaning $NODE_NAME" reset_node
  found=$(found_traces | tr '\n' ' ')
  [[ -z $found ]] || fail "cleaning $NODE_NAME: there still is $found; look at /var/log/kubelab-${STEP%.sh}.log, remove it by hand, or build the machine anew"
  rm -rf /var/cache/kubelab
  find /etc/kubelab -mindepth 1 ! -path "$unfinished" -delete
  rm -rf /etc/kubelab
}

main "$@" </dev/null
