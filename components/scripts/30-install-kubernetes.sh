#!/usr/bin/env bash
# Installs the Kubernetes packages in exactly the declared version and holds them there, with the kubelet's settings of
# this node, which a node that is a member already takes over at once.
: "${NODE_NAME:?name of the node}"
: "${KUBERNETES_VERSION:?version such as 1.36.3}"
: "${KUBERNETES_CNI_VERSION:?version of the package kubernetes-cni, as apt matches it}"
: "${CRI_TOOLS_VERSION:?version of the package cri-tools, as apt matches it}"
: "${KUBELET_PATCH:?KubeletConfiguration of the node, a kubeadm patch in the form of write_files}"

patches=/etc/kubelab/kubeadm-patches

answers() { curl --fail --silent --show-error --max-time 3 http://127.0.0.1:10248/healthz; }

# What kubeadm wrote when the node was made is written anew by kubeadm itself, with the patch.
configure_member() {
  if [[ ! -f /var/lib/kubelet/config.yaml ]] || is_applied kubelet "$KUBELET_PATCH"; then return 0; fi
  say "changing the kubelet's configuration on $NODE_NAME"
  rm -f /etc/kubelab/applied/kubelet
  logged "writing the kubelet's configuration on $NODE_NAME" kubeadm upgrade node phase kubelet-config --patches "$patches"
  systemctl restart kubelet
  wait_until 60 "the kubelet on $NODE_NAME to take its configuration (see also: journalctl -u kubelet -n 50)" answers
}

main() {
  local found
  # What the kubelet and kube-proxy call on a node, and kubeadm looks for; upstream's packages leave it to the system.
  install_packages 'conntrack=*' 'ethtool=*' 'socat=*'
  install_held_packages "kubelet=$KUBERNETES_VERSION-*" "kubeadm=$KUBERNETES_VERSION-*" "kubectl=$KUBERNETES_VERSION-*" \
    "kubernetes-cni=$KUBERNETES_CNI_VERSION" "cri-tools=$CRI_TOOLS_VERSION"
  found=$(kubeadm version --output short)
  [[ $found == "v$KUBERNETES_VERSION" ]] ||
    fail "installing Kubernetes on $NODE_NAME: kubeadm says $found, wanted v$KUBERNETES_VERSION; look for another kubeadm on PATH: type -a kubeadm"
  systemctl is-enabled --quiet kubelet || systemctl enable --quiet kubelet
  write_files "$KUBELET_PATCH"
  configure_member
  is_applied kubelet "$KUBELET_PATCH" || mark_applied kubelet "$KUBELET_PATCH"
}

main </dev/null
