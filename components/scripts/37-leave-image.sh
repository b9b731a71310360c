#!/usr/bin/env bash
# Ends the making of an image. What the steps before left of the node that they were run as goes, services wait for the
# steps of each machine, and what is inside is recorded as the image's own, which no step takes for a stranger's.
# library: traces.sh
# library: files.sh
# library: in-image.sh
: "${NODE_NAME:?name that the steps before were given}"
: "${SECRET_FILES?paths of files with credentials, a line each; empty: none}"

# A machine may be given another runtime than the image's, and a kubelet has nothing to run before it is a member.
quiet_units() {
  local unit
  while read -r unit; do
    systemctl stop "$unit"
    systemctl disable --quiet "$unit" 2>/dev/null || true
  done < <(present unit)
}

forget_node() {
  local file
  rm -rf /etc/kubelab/{node,runtime,kubeadm-patches} /etc/kubelab/applied/{kubelet,runtime}
  while read -r file; do rm -f "$file"; done <<<"$SECRET_FILES"
  # What runtimes know themselves by, and Docker's networks.
  rm -rf /var/lib/containerd/io.containerd.grpc.v1.introspection/uuid /var/lib/docker/{engine-id,network} /etc/docker/key.json
}

# The sources of a machine are decided on there, and lists are read again by whoever finds a package in none.
forget_lists() {
  local file
  for file in /etc/apt/sources.list.kubelab-disabled /etc/apt/sources.list.d/*.kubelab-disabled; do
    [[ ! -f $file ]] || mv "$file" "${file%.kubelab-disabled}"
  done
  [[ ! -d /var/lib/apt/lists ]] || find /var/lib/apt/lists -type f ! -name lock -delete
}

# Links, chains and processes are those of the machine that makes the image, and /run is new on each.
inside() {
  local kind name
  for kind in package unit path; do
    while read -r name; do
      case $kind in
        path) inside_path "$name" ;;
        *) echo "$kind $name" ;;
      esac
    done < <(present "$kind")
  done
}

# A store of images has thousands of files.
inside_path() {
  [[ $1 != /run/* ]] || return 0
  if (($(files_below "$1" | wc -l) > 100)); then
    echo "path $1"
  else
    echo "folder $1"
    files_below "$1" | sort | sed 's/^/file /'
  fi
}

main() {
  is_image || fail "leaving the image that $NODE_NAME is made as: this is a machine, and no root of an image"
  quiet_units
  forget_node
  forget_lists
  write_file 0644 "${image_record:?}" "$(inside)"
}

main </dev/null
