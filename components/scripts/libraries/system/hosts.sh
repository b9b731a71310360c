# shellcheck shell=bash
# The names of a lab's nodes in /etc/hosts: a block between two marks, which is replaced as a whole; all else there is
# its owner's, and stays.
# library: files.sh

hosts_first='# BEGIN nodes of this lab, kept by kubelab'
hosts_last='# END nodes of this lab, kept by kubelab'
# Read after all others: images of clouds have cloud-init write /etc/hosts anew at each boot.
hosts_settings=/etc/cloud/cloud.cfg.d/zz-kubelab-hosts.cfg

# keep_hosts LINES: the block has LINES, of an address and a name each; without any there is no block.
keep_hosts() {
  local found others
  refuse_broken_block
  found=$(cat /etc/hosts 2>/dev/null || true)
  if [[ -z $1 && $found != *"$hosts_first"* && ! -f $hosts_settings ]]; then return 0; fi
  others=$(awk -v first="$hosts_first" -v last="$hosts_last" '$0 == first {ours = 1} !ours {print} $0 == last {ours = 0}' <<<"$found")
  if [[ -z $1 ]]; then
    write_hosts "$others"
    rm -f "$hosts_settings"
    return 0
  fi
  keep_cloud_init_away
  write_hosts "$(printf '%s\n' ${others:+"$others"} "$hosts_first" "${1%$'\n'}" "$hosts_last")"
  warn_of_other_addresses "$others" "$1"
}

refuse_broken_block() {
  local marks
  marks=$(grep -xF -e "$hosts_first" -e "$hosts_last" /etc/hosts 2>/dev/null || true)
  [[ -z $marks || $marks == "$hosts_first"$'\n'"$hosts_last" ]] ||
    fail "keeping the names of nodes on $NODE_NAME: found in /etc/hosts not one whole block from '$hosts_first' to '$hosts_last'; nothing was changed; remove what is left of it by hand, then run pulumi up"
}

# A file that is mounted there, as in a container, cannot be replaced by another.
write_hosts() {
  local mode=0644
  if mountpoint -q /etc/hosts; then
    cmp --silent /etc/hosts - <<<"$1" || printf '%s\n' "$1" >/etc/hosts
    return 0
  fi
  [[ ! -f /etc/hosts ]] || mode=0$(stat --dereference --format %a /etc/hosts)
  write_file "$mode" /etc/hosts "$1"
}

# What a machine is told at its first boot counts more than any file there.
keep_cloud_init_away() {
  local told
  [[ -d ${hosts_settings%/*} ]] || return 0
  told=$(grep -lsE '^manage_etc_hosts: *["'\'']?(true|template|yes|on)' /var/lib/cloud/instance/{vendor-,}cloud-config.txt | xargs || true)
  [[ -z $told ]] ||
    fail "keeping the names of nodes on $NODE_NAME: found manage_etc_hosts in $told, by which cloud-init writes /etc/hosts anew at each boot; take it out of the machine's user data, or write addresses/names: dns"
  write_file 0644 "$hosts_settings" 'manage_etc_hosts: false'
}

# The first line that has a name decides. A machine's own name is its own, at whatever address of the loopback network.
warn_of_other_addresses() {
  local address name other
  while read -r address name; do
    other=$(awk -v name="$name" '$1 !~ /^(127\.|::1$|#)/ {for (field = 2; field <= NF && $field !~ /^#/; field++) if ($field == name) {print $1; exit}}' <<<"$1")
    [[ -z $other || $other == "$address" ]] ||
      say "warning: /etc/hosts on $NODE_NAME has $name as $other above kubelab's block, which has it as $address; the first one counts: remove it"
  done <<<"${2%$'\n'}"
}
