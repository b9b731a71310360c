#!/usr/bin/env bash
# Installs the Kubernetes packages in exactly the declared version and holds them there.
: "${NODE_NAME:?name of the node}"
: "${KUBERNETES_VERSION:?version such as 1.36.3}"
: "${KUBERNETES_CNI_VERSION:?version of the package kubernetes-cni, as apt matches it}"
: "${CRI_TOOLS_VERSION:?version of the package cri-tools, as apt matches it}"

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
}

main </dev/null
