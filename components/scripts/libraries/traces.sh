# shellcheck shell=bash
# What installations of Kubernetes and of container runtimes have left on a machine.
: "${TRACES:?lines of: kind, name; what the known installations leave}"

# traces KIND: the names of one kind, one per line.
traces() { awk -v kind="$1" '$1 == kind {$1 = ""; sub(/^ /, ""); print}' <<<"$TRACES"; }

# present KIND: what of one kind is on this machine.
present() {
  case $1 in
    package) comm -12 <(traces package | sort -u) <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 != "not-installed" {print $2}' | sort -u) ;;
    snap) comm -12 <(traces snap | sort -u) <(snaps | sort -u) ;;
    unit) comm -12 <(traces unit | sort -u) <(systemctl list-unit-files --no-legend --plain | awk '{print $1}' | sort -u) ;;
    path) traces path | while read -r name; do compgen -G "$name" || true; done | filled ;;
    link) match link < <(ip -o link show | awk -F ': ' '{sub(/@.*/, "", $2); print $2}') ;;
    chain) match chain < <(filter_chains) ;;
    table) comm -12 <(traces table | sort -u) <(filter_tables | sort -u) ;;
    process) comm -12 <(traces process | sort -u) <(ps -A -o comm= | sort -u) ;;
  esac
}

snaps() {
  if command -v snap >/dev/null; then snap list 2>/dev/null | awk 'NR > 1 {print $1}'; fi
}

# filled: the paths of stdin, but for empty file systems: a machine may have one of its own for what will be stored.
filled() {
  local path
  while read -r path; do
    if mountpoint -q "$path" && [[ -z $(find "$path" -xdev -mindepth 1 ! -name lost+found -print -quit) ]]; then continue; fi
    printf '%s\n' "$path"
  done
}

# match KIND: the lines of stdin that fit one of the kind's patterns.
match() {
  local name pattern
  while read -r name; do
    while read -r pattern; do
      # shellcheck disable=SC2053 # it is a pattern
      [[ $name != $pattern ]] || printf '%s\n' "$name"
    done < <(traces "$1")
  done
}

filter_chains() {
  local family
  for family in iptables ip6tables; do
    if command -v "$family-save" >/dev/null; then "$family-save" 2>/dev/null | sed -nE 's/^:([^ ]+) .*/\1/p'; fi
  done
}

filter_tables() {
  if command -v nft >/dev/null; then nft list tables 2>/dev/null | sed -E 's/^table //'; fi
}

# found_traces: everything that is present, one line per kind.
found_traces() { each_kind present; }

# strange_traces: the same, but for what the image brought with it.
strange_traces() { each_kind present_since; }

# each_kind COMMAND
each_kind() {
  local kind found
  for kind in package snap unit path link chain table process; do
    found=$("$1" "$kind" | sort -u | xargs)
    [[ -z $found ]] || printf '%s: %s\n' "${kind/%s/se}s" "$found"
  done
}

# An image that was made for a stack says what is in it, in lines of: kind, name. What lies below a `folder` are its
# `file`s and no others; a `path` may have anything.
image_record=/etc/kubelab/image

present_since() {
  local name
  while read -r name; do is_of_image "$1" "$name" || printf '%s\n' "$name"; done < <(present "$1")
}

is_of_image() {
  [[ -f $image_record ]] || return 1
  grep -qxF -- "$1 $2" "$image_record" || { [[ $1 == path ]] && grep -qxF -- "folder $2" "$image_record" && is_as_made "$2"; }
}

# is_as_made PATH: it has no file but those of the image.
is_as_made() { ! files_below "$1" | sed 's/^/file /' | grep -qvxFf "$image_record"; }

files_below() { find "$1" ! -type d; }

# A machine is ours when its preparation named it as this node; a clone of another node carries that one's name. A power
# loss may have taken the name, and no installation is to be removed for that.
is_ours() {
  local name=''
  [[ ! -f /etc/kubelab/node ]] || name=$(tr -d '\0' </etc/kubelab/node)
  [[ $name == "$NODE_NAME" || (-f /etc/kubelab/node && -z $name) ]] || is_known_as_member
}

# What its kubelet is known by says the name too.
is_known_as_member() {
  local subject
  [[ -f /etc/kubelab/joined || -f /etc/kubelab/cluster-identity.yaml ]] || return 1
  subject=$(openssl x509 -noout -subject -nameopt RFC2253 -in /var/lib/kubelet/pki/kubelet-client-current.pem 2>/dev/null) || return 1
  [[ ,${subject#subject=}, == *",CN=system:node:$NODE_NAME,"* ]]
}
