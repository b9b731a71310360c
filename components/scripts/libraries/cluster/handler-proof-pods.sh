# shellcheck shell=bash
# The pods by which handlers are proven, as documents: one of each class on each node that has its handler, a witness there,
# one of an unknown handler, and one of each class that is told to go to a node without it.
: "${HANDLER_PROOFS?lines of: node, handler, socket, own or node (whose kernel), kernel, its messages, process; empty: none}"

unknown_class=kubelab-verification-unknown

# pod NAME CLASS NODE TEXT: a pod of the class on that node and no other; TEXT are its containers.
pod() {
  cat <<-YAML
	---
	apiVersion: v1
	kind: Pod
	metadata: {name: $1, labels: {app: handler-proof}}
	spec:
	  $([[ -z $2 ]] || printf 'runtimeClassName: %s' "$2")
	  terminationGracePeriodSeconds: 1
	  restartPolicy: Never
	  tolerations: [{operator: Exists}]
	  affinity:
	    nodeAffinity:
	      requiredDuringSchedulingIgnoredDuringExecution:
	        nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [$3]}]}]
	$4
	YAML
}

# Its first container ends with what the kernel says of itself, its second one stays for what is seen on the node. A
# machine of its own is as large as the limits say.
proof_containers() {
  cat <<-YAML
	  initContainers:
	    - name: version
	      image: $TEST_IMAGE
	      args: [mounttest, --file_content=/proc/version]
	      resources: {limits: {memory: 128Mi}}
	  containers:
	    - name: stay
	      image: $TEST_IMAGE
	      args: [pause]
	      resources: {limits: {memory: 128Mi}}
	YAML
}

# The node's own programs in a pod that sees its processes and asks its runtime: the image need not have any.
witness_containers() {
  cat <<-YAML
	  hostPID: true
	  containers:
	    - name: witness
	      image: $TEST_IMAGE
	      command: [/usr/bin/sleep, infinity]
	      env: [{name: PATH, value: "/usr/local/bin:/usr/bin:/bin"}]
	      securityContext: {privileged: true}
	      volumeMounts:
	        - {name: usr, mountPath: /usr, readOnly: true}
	        - {name: bin, mountPath: /bin, readOnly: true}
	        - {name: lib, mountPath: /lib, readOnly: true}
	        - {name: lib64, mountPath: /lib64, readOnly: true}
	        - {name: run, mountPath: /run}
	  volumes:
	    - {name: usr, hostPath: {path: /usr}}
	    - {name: bin, hostPath: {path: /bin}}
	    - {name: lib, hostPath: {path: /lib}}
	    - {name: lib64, hostPath: {path: /lib64}}
	    - {name: run, hostPath: {path: /run}}
	YAML
}

proven_nodes() { awk '{print $1}' <<<"$HANDLER_PROOFS" | sort -u; }
proven_handlers() { awk '{print $2}' <<<"$HANDLER_PROOFS" | sort -u; }
# node_without HANDLER: the first, if there is one.
node_without() {
  # shellcheck disable=SC2153 # nodes.sh declares it
  awk '{print $1}' <<<"$NODES" | grep -vxF "$(awk -v handler="$1" '$2 == handler {print $1}' <<<"$HANDLER_PROOFS")" | sed -n 1p || true
}

proof_pods() {
  local node handler number=0
  while read -r node handler _; do
    number=$((number + 1))
    pod "proof-$number" "$handler" "$node" "$(proof_containers)"
  done <<<"$HANDLER_PROOFS"
  number=0
  for node in $(proven_nodes); do
    number=$((number + 1))
    pod "witness-$number" '' "$node" "$(witness_containers)"
    pod "unknown-$number" "$unknown_class" "$node" "$(proof_containers)"
  done
  number=0
  for handler in $(proven_handlers); do
    number=$((number + 1))
    node=$(node_without "$handler")
    [[ -z $node ]] || pod "stray-$number" "$handler" "$node" "$(proof_containers)"
  done
}

remove_handler_proof() {
  in_namespace delete pod --selector app=handler-proof --ignore-not-found --timeout 60s >/dev/null
  kubectl delete runtimeclass "$unknown_class" --ignore-not-found --timeout 30s >/dev/null
}
