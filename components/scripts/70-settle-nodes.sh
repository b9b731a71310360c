#!/usr/bin/env bash
# Brings the nodes that joined to what is declared of them, on a control plane, once for all: labels and taints, of which
# it takes away what it set once and nobody declares any more, and leaves what others set; and the certificates that
# kubelets ask the cluster for, which something must approve, now and whenever they are renewed; and the RuntimeClasses of
# their handlers. Once Secrets are to be encrypted, it writes those that were there before again.
# library: files.sh
# library: nodes.sh
# library: runtime-classes.sh
: "${WANTED?lines of: node, label KEY=VALUE or taint KEY=VALUE:EFFECT, no-label KEY or no-taint KEY:EFFECT}"
: "${SECRETS_ENCRYPTION:?true when Secrets are encrypted in etcd}"
: "${ASKING?names of nodes whose kubelets ask for the certificate they serve with, separated by spaces; empty: none}"
: "${APPROVER?what approves these, a program and its timer, in the form of write_files; empty: none}"

# A node's own record of what this step set, so that a later run knows what to take away.
labels_record=kubelab.dev/managed-labels
taints_record=kubelab.dev/managed-taints
approver=/usr/local/bin/kubelab-approve-serving
timer=kubelab-approve-serving.timer
export KUBECONFIG=/etc/kubernetes/admin.conf

# Lines of: node, then label, taint, or the key of a record, and what it is.
# shellcheck disable=SC2016 # they are the template's
template='{{range .items}}{{$node := .metadata.name}}{{range $key, $value := .metadata.labels}}{{$node}} label {{$key}}={{$value}}{{"\n"}}{{end}}{{range .spec.taints}}{{$node}} taint {{.key}}{{if .value}}={{.value}}{{end}}:{{.effect}}{{"\n"}}{{end}}{{range $key, $value := .metadata.annotations}}{{if or (eq $key "kubelab.dev/managed-labels") (eq $key "kubelab.dev/managed-taints")}}{{$node}} {{$key}} {{printf "%q" $value}}{{"\n"}}{{end}}{{end}}{{end}}'

# wanted NODE KIND, has NODE KIND: what a node is to have and, by the text in `found`, what it has.
wanted() { awk -v node="$1" -v kind="$2" '$1 == node && $2 == kind {print $3}' <<<"$WANTED"; }
has() { awk -v node="$1" -v kind="$2" '$1 == node && $2 == kind {print $3}' <<<"$found"; }

# The key of a label, or the key and the effect of a taint: what there is once on a node.
names() { sed -E 's/=[^:]*//'; }
# but TEXT: the lines of stdin, each once, that are not in TEXT.
but() { sort -u | comm -23 - <(sort -u <<<"$1") | sed '/^$/d'; }

# settle NODE KIND RECORD: kubectl's own merge, so that what others set meanwhile stays. The record says more than what
# is set while it is being set, so that a run which was stopped is made good by the next.
settle() {
  local node=$1 kind=$2 record=$3 declared recorded set gone changes
  declared=$(wanted "$node" "$kind" | names | sort -u)
  recorded=$(has "$node" "$record" | tr -d '"' | tr ',' '\n')
  set=$(wanted "$node" "$kind" | but "$(has "$node" "$kind")")
  gone=$({
    but "$declared" <<<"$recorded"
    wanted "$node" "no-$kind"
  } | sort -u | comm -12 - <(has "$node" "$kind" | names | sort -u))
  note "$node" "$record" "$recorded" "$(printf '%s\n%s\n' "$recorded" "$declared" | but '')"
  if [[ -n $set$gone ]]; then
    changes=$(xargs <<<"$set ${gone//$'\n'/- }${gone:+-}")
    say "changing the ${kind}s of $node: $changes"
    # shellcheck disable=SC2086 # no value holds a blank
    kubectl "$kind" node "$node" --overwrite $changes >/dev/null ||
      fail "changing the ${kind}s of $node: see kubectl's message above"
  fi
  note "$node" "$record" "$(printf '%s\n%s\n' "$recorded" "$declared" | but '')" "$declared"
}

# note NODE RECORD FORMER NAMES: keeps NAMES as the record of a node, unless they are there.
note() {
  [[ $3 != "$4" ]] || return 0
  local text=${4//$'\n'/,}
  kubectl annotate node "$1" --overwrite "$2${text:+=}${text:--}" >/dev/null ||
    fail "writing down in $2 of $1 what is set there: see kubectl's message above"
}

# The API server encrypts what is written from now on; what was there before is written again.
encrypt_secrets() {
  [[ $SECRETS_ENCRYPTION == true ]] || return 0
  if is_applied secrets-encryption true; then return 0; fi
  wait_until 60 'every Secret to be written again, encrypted' rewrite_secrets
  mark_applied secrets-encryption true
}
rewrite_secrets() {
  local found
  found=$(kubectl get secrets --all-namespaces --output name) || return 1
  # kubectl takes an empty list for a fault.
  [[ -z $found ]] || kubectl get secrets --all-namespaces --output json | kubectl replace --filename - >/dev/null
}

approve_serving() {
  local node
  if [[ -z $ASKING ]]; then
    remove_approver
    return 0
  fi
  own_files kubelet-serving "$APPROVER"
  is_applied kubelet-serving "$APPROVER" || {
    systemctl daemon-reload
    systemctl enable --now --quiet "$timer" || fail "starting $timer on $(uname -n): see above"
    mark_applied kubelet-serving "$APPROVER"
  }
  for node in $ASKING; do
    wait_until 180 "the kubelet of $node to have a certificate to serve with (see also: kubectl get certificatesigningrequests)" serves "$node"
  done
}

# serves NODE: a kubelet without a certificate ends every connection, and logs and exec with it. One that does not
# answer at all asks for its certificate when it does, and the timer approves it then.
serves() {
  local answer
  "$approver" || return 1
  answer=$(kubectl get --raw "/api/v1/nodes/$1/proxy/healthz" --request-timeout 10s 2>&1) && return 0
  echo "$answer"
  [[ $answer != *'tls: '* ]]
}

remove_approver() {
  [[ -f /etc/kubelab/files/kubelet-serving ]] || return 0
  systemctl disable --now --quiet "$timer" || true
  rm -f /etc/kubelab/applied/kubelet-serving
  xargs rm -f </etc/kubelab/files/kubelet-serving
  systemctl daemon-reload
  rm -f /etc/kubelab/files/kubelet-serving
}

main() {
  local node found
  await_nodes
  apply_runtime_classes
  found=$(kubectl get nodes --output "go-template=$template")
  while read -r node _; do
    settle "$node" label "$labels_record"
    settle "$node" taint "$taints_record"
  done <<<"$NODES"
  remove_runtime_classes
  encrypt_secrets
  approve_serving
}

main </dev/null
