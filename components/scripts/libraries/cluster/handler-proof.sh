# shellcheck shell=bash
# The proof that pods of a RuntimeClass are run by the handler of its name: on every node that has it the runtime announces
# it, a pod of the class runs to its end, on the kernel that it should, by a process of the handler's; one with an unknown
# handler fails, and one of the class stays away from a node without. Nothing stands in for what is missing.
# library: handler-proof-pods.sh

faults=0

# The cells of the table, by tabs: node, handler, kernel of the node, what is inside, what runs it.
table=''

fault() {
  say "$*"
  faults=$((faults + 1))
}

# announced NODE: the handlers that its kubelet says its runtime has; the runtime's own one is nameless.
announced() { kubectl get node "$1" --output 'jsonpath={.status.runtimeHandlers[*].name}'; }
announces() {
  local found
  found=$(announced "$1") || return 1
  echo "found $found"
  [[ " $found " == *" $2 "* ]]
}

pod_is() {
  local found
  found=$(in_namespace get pod "$1" --output "jsonpath=$2") || return 1
  echo "found ${found:-nothing}; $(last_event "$1")"
  [[ $found == "$3" ]]
}

# last_event POD: why it is not what it should be.
last_event() {
  in_namespace get events --no-headers --field-selector "involvedObject.name=$1" --sort-by .lastTimestamp --output custom-columns=M:.message |
    tail -n 1
}

# tried SECONDS COMMAND...: whether it succeeds in time; its last words are left in `seen`. Without an end of the step.
tried() {
  local deadline=$((SECONDS + $1))
  shift
  until seen=$("$@" 2>&1); do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
}

# CRI-O leaves the field empty, and has it among its annotations.
handler_of='{{with .status.runtimeHandler}}{{.}}{{else}}{{index .info.runtimeSpec.annotations "io.kubernetes.cri-o.RuntimeHandler"}}{{end}}'

# witness NUMBER POD SOCKET: lines of what runs that pod on its node: handler and its name, process and its program.
witness() {
  # shellcheck disable=SC2016,SC2154 # the witness's own; proof.sh's
  in_namespace exec "witness-$1" -- /bin/sh -c '
    socket=$(printf %s "$3" | sed s#/var/run/#/run/#)
    pod=$(crictl --runtime-endpoint "$socket" pods --quiet --no-trunc --namespace "$2" --name "^$1\$" | head -n 1)
    [ -n "$pod" ] || { echo "crictl has no pod $1"; exit 1; }
    echo "handler $(crictl --runtime-endpoint "$socket" inspectp --output go-template --template "$4" "$pod")"
    for each in /proc/[0-9]*/cmdline; do
      words=$(tr "\0" " " 2>/dev/null <"$each") || continue
      case $words in *"$pod"*) echo "process ${words%% *}" ;; esac
    done
  ' sh "$2" "$namespace" "$3" "$handler_of" 2>&1
}

# check_handler NUMBER WITNESS NODE HANDLER SOCKET WHOSE KERNEL MESSAGES PROCESS
check_handler() {
  local number=$1 witness=$2 node=$3 handler=$4 socket=$5 whose=$6 kernel=$7 messages=$8 process=$9 seen='' inside release of_node found said
  local where="the handler $handler on $node"
  tried 60 announces "$node" "$handler" || {
    fault "proving $where: its runtime does not announce it: $seen; look at the runtime's configuration and journal on $node"
    return 0
  }
  tried 240 pod_is "proof-$number" '{.status.phase}' Running || {
    fault "proving $where: a pod of the RuntimeClass $handler does not run there: $seen; look at: crictl pods and the runtime's journal on $node"
    return 0
  }
  inside=$(in_namespace logs "proof-$number" --container version | sed -n 's/^content of file "[^"]*": //p')
  release=$(awk '{print $3}' <<<"$inside")
  of_node=$(kubectl get node "$node" --output 'jsonpath={.status.nodeInfo.kernelVersion}')
  if [[ $whose == node && $release != "$of_node" ]]; then
    fault "proving $where: the kernel inside is ${release:-unknown}, wanted the node's, $of_node"
  elif [[ $whose == own && (-z $release || $release == "$of_node") ]]; then
    fault "proving $where: the kernel inside is the node's, ${release:-unknown}: the pod is in no sandbox; look at the runtime's configuration on $node"
  elif [[ $kernel != - && ! $inside =~ $kernel ]]; then
    fault "proving $where: the kernel inside says '$inside', wanted one that matches $kernel: something else runs the pod"
  fi
  # The image may have no program for it.
  if [[ $messages != - ]] && said=$(in_namespace exec "proof-$number" --container stay -- dmesg 2>/dev/null) && [[ ! $said =~ $messages ]]; then
    fault "proving $where: the messages of the kernel inside begin with '$(sed -n 1p <<<"$said")', wanted $messages among them"
  fi
  tried 60 pod_is "witness-$witness" '{.status.phase}' Running || fault "looking at the processes of $node: the pod that looks does not run: $seen"
  found=$(witness "$witness" "proof-$number" "$socket") || fault "looking at the processes of $node: $found"
  [[ $found == *"handler $handler"* ]] ||
    fault "proving $where: its runtime says the pod is run by '$(sed -n 's/^handler //p' <<<"$found")', wanted $handler"
  said=$(sed -n 's/^process //p' <<<"$found" | sort -u | xargs)
  if [[ $process != - ]]; then
    said=$(sed -n 's/^process //p' <<<"$found" | grep -E "^(.*/)?$process" | sort -u | xargs) || true
    [[ -n $said ]] ||
      fault "proving $where: found no process $process with the pod's ID on $node, but $(sed -n 's/^process //p' <<<"$found" | sort -u | xargs)"
  fi
  table+="$node"$'\t'"$handler"$'\t'"$of_node"$'\t'"$release"$'\t'"${said:--}"$'\n'
}

# What is not configured must not run, least of all by something else.
check_unknown() {
  local number=$1 node=$2 seen=''
  tried 90 fails_unknown "unknown-$number" || fault "proving that $node runs nothing by an unknown handler: $seen"
}
fails_unknown() {
  local said phase
  phase=$(in_namespace get pod "$1" --output 'jsonpath={.status.phase}') || return 1
  said=$(in_namespace get events --no-headers --field-selector "involvedObject.name=$1,reason=FailedCreatePodSandBox" --output custom-columns=M:.message)
  # shellcheck disable=SC2154 # handler-proof-pods.sh's
  echo "found a pod that is $phase, and the event '$(tail -n 1 <<<"$said")', wanted one that names $unknown_class"
  [[ $phase == Pending && $said == *"$unknown_class"* ]]
}

check_stray() {
  local number=$1 handler=$2 node=$3 seen=''
  tried 60 pod_is "stray-$number" '{.spec.nodeName}{.status.conditions[?(@.type=="PodScheduled")].reason}' Unschedulable ||
    fault "proving that no pod of $handler comes to $node, which has not that handler: $seen, wanted Unschedulable"
}

check_handlers() {
  local node handler socket whose kernel messages process number=0
  [[ -n $HANDLER_PROOFS ]] || return 0
  # shellcheck disable=SC2154 # the step's own
  [[ $mode != handlers ]] || make_namespace
  {
    printf 'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: %s}\nhandler: %s\n' "$unknown_class" "$unknown_class"
    proof_pods
  } | kubectl --namespace "$namespace" apply --filename - >/dev/null
  while read -r node handler socket whose kernel messages process; do
    number=$((number + 1))
    check_handler "$number" "$(proven_nodes | grep -nxF "$node" | cut -d : -f 1)" "$node" "$handler" "$socket" "$whose" "$kernel" "$messages" "$process"
  done <<<"$HANDLER_PROOFS"
  number=0
  for node in $(proven_nodes); do
    number=$((number + 1))
    check_unknown "$number" "$node"
  done
  number=0
  for handler in $(proven_handlers); do
    number=$((number + 1))
    node=$(node_without "$handler")
    [[ -z $node ]] || check_stray "$number" "$handler" "$node"
  done
  show_handlers
  ((faults == 0)) || fail "proving the handlers: $faults of their proofs failed, above"
}

# show_handlers: what was proven, for people.
show_handlers() {
  [[ -n $table ]] || return 0
  [[ $mode != handlers ]] || printf '%s' "$table"
  say 'pods of these RuntimeClasses run by their handlers:'
  {
    printf 'NODE\tHANDLER\tKERNEL OF THE NODE\tKERNEL INSIDE\tRUN BY\n'
    printf '%s' "$table"
  } | awk -F '\t' '
    {for (i = 1; i <= NF; i++) {cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i)}}
    END {for (row = 1; row <= NR; row++) {line = ""; for (i = 1; i <= 5; i++) line = line sprintf("%-" width[i] + 2 "s", cell[row, i]); sub(/ +$/, "", line); print line}}
  ' >&2
}
