# shellcheck shell=bash
# What the installation of every container runtime has in common: one runtime and one socket on a machine, its
# configuration written and read again, and the proof, before a kubelet is there, that it alone pulls and runs.
# library: observe.sh
# library: files.sh
# library: images.sh
# library: in-image.sh
: "${NODE_NAME:?name of the node}"
: "${RUNTIME:?the word for the runtime}"
: "${CRI_SOCKET:?the one socket of this node, as kubeadm is told it}"
: "${OTHER_SOCKETS?sockets of other runtimes, separated by spaces, where nothing may answer}"
: "${CRI_TOOLS_VERSION:?version of the package cri-tools, as apt matches it}"
: "${FILES:?configuration of the runtime, in the form of write_files}"
: "${IMAGES:?fully qualified names of the images that the node will run, separated by spaces}"
: "${TEST_IMAGE:?the agnhost image}"

# A machine has one runtime for its life: the traces of a former one would take part.
claim_machine() {
  local found=''
  work=$(mktemp -d)
  [[ ! -f /etc/kubelab/runtime ]] || found=$(</etc/kubelab/runtime)
  [[ -z $found || $found == "$RUNTIME" ]] ||
    fail "installing $RUNTIME on $NODE_NAME: found $found installed; a control plane keeps its runtime: revert the change; for a worker, set onRuntimeChange: resetNode, or run: pulumi up --replace '**:index:*Machine::$NODE_NAME'"
  write_file 0644 /etc/kubelab/runtime "$RUNTIME"
}

# configure_service VERSIONS UNIT...: writes the files, and restarts the units when they were not yet started with these
# files in these versions.
configure_service() {
  local applied unit active=true before=${files_written:?}
  applied="${1@Q} ${FILES@Q}"
  shift
  own_files runtime "$FILES"
  for unit in "$@"; do
    systemctl is-active --quiet "$unit" || active=false
  done
  if [[ $active == false ]] || ((files_written > before)) || ! is_applied runtime "$applied"; then
    rm -f /etc/kubelab/applied/runtime
    systemctl daemon-reload
    for unit in "$@"; do
      systemctl restart "$unit" || fail "starting $unit on $NODE_NAME: see above; look at: journalctl -u $unit -n 50"
    done
    # A kubelet that runs already takes its own drop-in and credentials from these files too.
    if systemctl is-active --quiet kubelet; then systemctl restart kubelet; fi
    mark_applied runtime "$applied"
  fi
  for unit in "$@"; do
    systemctl is-enabled --quiet "$unit" || systemctl enable --quiet "$unit"
  done
  wait_until 60 "$RUNTIME to answer at $CRI_SOCKET on $NODE_NAME" crictl version
}

check_one_runtime() {
  local socket answer
  for socket in $OTHER_SOCKETS; do
    [[ -S ${socket#unix://} ]] || continue
    answer=$(crictl --runtime-endpoint "$socket" --timeout 5s version 2>/dev/null) || continue
    fail "looking for other runtimes on $NODE_NAME: $RUNTIME is declared, and $(xargs <<<"$answer") answers at $socket; remove it, or declare it"
  done
}

check_cgroup_driver() {
  local found
  found=$(crictl runtime-config)
  [[ $found == *SYSTEMD* ]] ||
    fail "configuring $RUNTIME on $NODE_NAME: found $(xargs <<<"$found"), wanted cgroup driver SYSTEMD; look for another configuration file of $RUNTIME"
}

# A configuration that another installation left would give the first pods addresses of another network.
check_no_pod_network() {
  local found
  found=$(pod_networks | xargs)
  [[ -z $found ]] ||
    fail "looking for pod networks on $NODE_NAME: found $found, wanted none before the cluster's own; remove it and run pulumi up again"
}

# The systemd driver gives a container a scope inside the pod's slice; the other one, a plain directory. Processes that
# end meanwhile are no fault.
proof_cgroup() { { grep -hoE '[^:]*/kubelab-proof\.slice/[^/]+\.scope' /proc/[0-9]*/cgroup 2>/dev/null || true; } | sort -u | sed -n 1p; }

remove_proof() {
  local pod
  pod=$(crictl pods --quiet --name kubelab-proof)
  [[ -z $pod ]] || crictl rmp --force "$pod" >/dev/null
  systemctl stop kubelab-proof.slice kubelab.slice 2>/dev/null || true
}

# prove_step WHAT COMMAND...: leaves the command's output in `proven`, or says which step of the proof failed.
prove_step() {
  local what=$1
  shift
  proven=$("$@") || fail "$what by $RUNTIME alone on $NODE_NAME: see above; look at: journalctl -u ${SERVICE:-$RUNTIME} -n 50"
}

# A pod with one container on the machine's own network, as no pod network is there yet.
run_proof() {
  local pod container found
  cat >"$work/pod.json" <<-JSON
	{"metadata": {"name": "kubelab-proof", "namespace": "kubelab", "uid": "kubelab-proof"},
	 "log_directory": "$work", "linux": {"cgroup_parent": "kubelab-proof.slice",
	 "security_context": {"namespace_options": {"network": 2}}}}
	JSON
  cat >"$work/container.json" <<-JSON
	{"metadata": {"name": "proof"}, "image": {"image": "$TEST_IMAGE"}, "command": ["/agnhost"], "args": ["pause"],
	 "log_path": "proof.log", "linux": {}}
	JSON
  remove_proof
  prove_step 'running a pod' crictl runp "$work/pod.json"
  pod=$proven
  prove_step 'creating a container' crictl create "$pod" "$work/container.json" "$work/pod.json"
  container=$proven
  prove_step 'starting a container' crictl start "$container"
  prove_step 'running a command in a container' crictl exec --sync "$container" /agnhost help
  [[ -n $proven ]] || fail "running a command in a container by $RUNTIME alone on $NODE_NAME: found no output of /agnhost help"
  found=$(proof_cgroup)
  [[ -n $found ]] ||
    fail "looking for the cgroup of a container of $RUNTIME on $NODE_NAME: found $(grep -h kubelab-proof /proc/[0-9]*/cgroup | sort -u | xargs), wanted a scope inside kubelab-proof.slice; look at the cgroup driver"
  remove_proof
}

at_exit() {
  rm -rf "${work:-}"
  if declare -F handlers_at_exit >/dev/null; then handlers_at_exit "$1"; fi
}

# From the join on, the machine's pods are the kubelet's.
prove_runtime() {
  check_one_runtime
  check_cgroup_driver
  # shellcheck disable=SC2086 # a list of names
  pull_images $IMAGES
  if [[ -e /etc/kubernetes/kubelet.conf ]] || is_image; then return 0; fi
  check_no_pod_network
  run_proof
}
