# shellcheck shell=bash
# Whether each node's runtime is one and the same wherever one looks: declared in the stack, configured for the kubelet
# and for crictl, answering at the socket, reported by the API; whether all have one cgroup driver; and whether each
# kubelet goes by the settings that are declared for it.
# library: observe.sh
# library: settings.sh
: "${RUNTIMES:?lines of: node name, declared runtime, its socket, its name in the API, its version}"
: "${NODE_FACTS:?lines of: node name, fact, value}"
: "${KUBELET_SETTINGS?lines of: node name, setting with / between its keys, value as a kubelet shows it; empty: none}"

disagreements=0
disagree() {
  say "$*"
  disagreements=$((disagreements + 1))
}

# differ NODE WHAT FOUND WHAT WANTED: names both sides.
differ() {
  [[ $3 == "$5" ]] || disagree "comparing $1: $2 is $3, and $4 is $5"
}

fact() { awk -v node="$1" -v fact="$2" '$1 == node && $2 == fact {$1 = $2 = ""; sub(/^ +/, ""); sub(/ +$/, ""); print}' <<<"$NODE_FACTS"; }
setting() { grep -oE "\"$2\":\"[^\"]*\"" <<<"$1" | cut -d '"' -f 4; }

# is_version FOUND WANTED: a distribution's build of a version has its own ending.
is_version() { [[ $1 == "$2" || $1 == "$2"[!0-9]* ]]; }

pod_driver() {
  case $1 in
    */kubepods.slice/*.scope | */kubepods.slice/*.scope/*) echo systemd ;;
    -) echo - ;;
    *) echo cgroupfs ;;
  esac
}

# ask_kubelet NODE: its configuration, or why not. A busy one may greet the API server too late, and is asked again.
ask_kubelet() {
  local answer deadline=$((SECONDS + 30))
  until answer=$(kubectl get --raw "/api/v1/nodes/$1/proxy/configz" 2>&1); do
    if ! grep -qE 'TLS handshake timeout|ServiceUnavailable' <<<"$answer" || ((SECONDS >= deadline)); then
      printf '%s\n' "$answer"
      return 1
    fi
    sleep 1
  done
  printf '%s\n' "$answer"
}

# compare_node NODE RUNTIME SOCKET NAME VERSION REPORTED: one line of the table on stdout, what differs on stderr.
compare_node() {
  local node=$1 runtime=$2 socket name=$4 version=$5 reported=$6 configured crictl answering configz kubelet driver pod
  socket=$(canonical_socket "$3")
  configured=$(canonical_socket "$(fact "$node" configured)")
  crictl=$(canonical_socket "$(fact "$node" crictl)")
  answering=$(fact "$node" answering)
  driver=$(fact "$node" runtime-driver)
  pod=$(pod_driver "$(fact "$node" pod-cgroup)")
  configz=$(ask_kubelet "$node") ||
    disagree "asking the kubelet of $node for its configuration: $configz"
  kubelet=$(setting "$configz" cgroupDriver || echo -)
  differ "$node" "the socket in the kubelet's configuration" "$configured" "that of the declared $runtime" "$socket"
  differ "$node" 'the socket that the running kubelet uses' "$(canonical_socket "$(setting "$configz" containerRuntimeEndpoint || echo -)")" \
    'the one in its configuration' "$configured"
  differ "$node" "crictl's socket" "$crictl" "the kubelet's" "$configured"
  differ "$node" "what answers at $configured" "${answering%% *}" "the declared $runtime" "$name"
  is_version "${answering#* }" "$version" ||
    disagree "comparing $node: the version that answers is ${answering#* }, and the declared one of $runtime is $version"
  differ "$node" 'the runtime that the API reports' "${reported%%://*}" 'what answers' "${answering%% *}"
  differ "$node" 'the version that the API reports' "${reported##*://}" 'what answers' "${answering#* }"
  differ "$node" "the runtime's cgroup driver" "$driver" 'the declared one' systemd
  differ "$node" "the kubelet's cgroup driver" "$kubelet" "the runtime's" "$driver"
  differ "$node" "the cgroup driver of a pod, in $(fact "$node" pod-cgroup)," "$pod" "the runtime's" "$driver"
  differ "$node" 'another runtime, answering beside the declared one,' "$(fact "$node" others)" 'what should answer there' -
  [[ $kubelet == - ]] || compare_settings "$node" "$configz"
  check_files "$node"
  printf '%s\t' "$node" "$runtime" "$configured" "$answering" "$reported" "$driver/$kubelet/$pod"
  fact "$node" pod-networks
}

compare_settings() {
  local declared difference
  declared=$(awk -v node="$1" '$1 == node {sub(/^[^ ]+ /, ""); print}' <<<"$KUBELET_SETTINGS")
  while read -r difference; do
    [[ -z $difference ]] || disagree "comparing $1: the kubelet's $difference; look at journalctl -u kubelet on $1"
  done <<<"$(differing_settings "$declared" "$2")"
}

check_files() {
  local node=$1 found
  found=$(fact "$node" pod-networks)
  [[ $found != *' '* ]] || disagree "looking at /etc/cni/net.d on $node: found $found, wanted one configuration: the first would shadow the others"
  for found in $(fact "$node" drop-ins); do
    case $found in
      10-kubeadm.conf | 20-kubelab.conf | -) ;;
      *) disagree "looking at the kubelet's drop-ins on $node: found $found, wanted 10-kubeadm.conf and 20-kubelab.conf alone; remove it" ;;
    esac
  done
  found=$(fact "$node" ignored-settings)
  [[ ${found:-0} == 0 ]] ||
    disagree "reading the kubelet's journal on $node: systemd ignored $found lines of its environment; look at /etc/default/kubelet"
}

compare_runtimes() {
  local node runtime socket name version reported
  reported=$(kubectl get nodes --no-headers --output custom-columns=N:.metadata.name,R:.status.nodeInfo.containerRuntimeVersion)
  while read -r node runtime socket name version; do
    compare_node "$node" "$runtime" "$socket" "$name" "$version" "$(awk -v node="$node" '$1 == node {print $2}' <<<"$reported")"
  done <<<"$RUNTIMES"
  ((disagreements == 0)) || fail "comparing what is declared, configured, answering and reported: $disagreements differences, above"
}
