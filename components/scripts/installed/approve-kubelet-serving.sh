#!/usr/bin/env bash
# Approves the certificates that kubelets ask the cluster for to serve with (serverTLSBootstrap), also when they are
# renewed: of declared nodes alone, for the node's own name and its own address and nothing else. What does not fit is
# left as it is, with the reason. It is installed on a control plane and run by a timer.
set -euo pipefail
export LC_ALL=C.UTF-8 OPENSSL_CONF=/dev/null KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/var/cache/kubelab

# Lines of: node name, address.
nodes=/etc/kubelab/kubelet-serving-nodes
# Lines of: name, request, group, user in quotes, usages with a comma after each; of what nobody has decided on yet.
# shellcheck disable=SC2016 # they are the template's
template='{{range .items}}{{if and (eq .spec.signerName "kubernetes.io/kubelet-serving") (not .status.conditions)}}{{$group := "-"}}{{range .spec.groups}}{{if eq . "system:nodes"}}{{$group = .}}{{end}}{{end}}{{.metadata.name}} {{.spec.request}} {{$group}} {{printf "%q" .spec.username}} {{range .spec.usages}}{{.}},{{end}}{{"\n"}}{{end}}{{end}}'

# misfit REQUEST GROUP USER USAGES: why a request is not to be approved; nothing if it is.
misfit() {
  local request=$1 group=$2 user=$3 usages=$4 node address text found wanted
  node=$(sed -nE 's/^"system:node:([a-z0-9-]+)"$/\1/p' <<<"$user")
  address=$(awk -v node="$node" '$1 == node {print $2}' "$nodes")
  if [[ -z $address || $group != system:nodes ]]; then
    echo 'it comes from no declared node'
    return 0
  fi
  text=$(base64 --decode <<<"$request" | openssl req -noout -subject -nameopt RFC2253 -text 2>&1) || {
    echo 'it cannot be read'
    return 0
  }
  found=$(sed -n '/^subject=/p' <<<"$text")
  wanted="subject=CN=system:node:$node,O=system:nodes"
  [[ $found == "$wanted" ]] || echo "found $found, wanted $wanted"
  found=$(sed -n '/Subject Alternative Name/{n;s/^ *//;p}' <<<"$text")
  wanted="DNS:$node, IP Address:$address"
  [[ $found == "$wanted" ]] || echo "found the names ${found:-none}, wanted $wanted"
  case $usages in
    'digital signature,server auth,' | 'key encipherment,digital signature,server auth,' | 'digital signature,key encipherment,server auth,') ;;
    *) echo "found the usages $usages wanted digital signature, server auth" ;;
  esac
}

main() {
  local name request group user usages reason requests
  requests=$(kubectl get certificatesigningrequests --request-timeout 30s --output "go-template=$template")
  while read -r name request group user usages; do
    [[ -n $name ]] || continue
    reason=$(misfit "$request" "$group" "$user" "$usages" | paste -sd ';')
    if [[ -z $reason ]]; then
      kubectl certificate approve "$name" --request-timeout 30s
    else
      echo "left $name, which $user asks for: $reason"
    fi
  done <<<"$requests"
}

main </dev/null
