#!/usr/bin/env bash
# Installs the Kubernetes packages in exactly the declared version and holds them there, with the kubelet's settings of
# this node, which a node that is a member already takes over at once.
# library: copies.sh
# library: packages.sh
# library: images.sh
: "${NODE_NAME:?name of the node}"
: "${KUBERNETES_VERSION:?version such as 1.36.3}"
: "${KUBERNETES_CNI_VERSION:?version of the package kubernetes-cni, as apt matches it}"
: "${CRI_TOOLS_VERSION:?version of the package cri-tools, as apt matches it}"
: "${IMAGES:?regular expression for the images of kubeadm that this node runs}"
: "${SYSTEM_PACKAGES:?packages of the system, separated by spaces, in whichever version it has them}"
: "${KUBELET_PATCH:?KubeletConfiguration of the node, a kubeadm patch in the form of write_files}"

patches=/etc/kubelab/kubeadm-patches

# kubeadm's own list: tags of etcd and CoreDNS differ between patch releases.
pull_kubeadm_images() {
  local listed wanted
  listed=$(kubeadm config images list --kubernetes-version "v$KUBERNETES_VERSION") ||
    fail "asking kubeadm on $NODE_NAME for its images: see above"
  mapfile -t wanted < <(grep -E "$IMAGES" <<<"$listed" || true)
  ((${#wanted[@]} > 0)) || fail "asking kubeadm on $NODE_NAME for its images: found $(xargs <<<"$listed"), none of them $IMAGES"
  pull_images "${wanted[@]}"
}

answers() { curl --fail --silent --show-error --max-time 3 http://127.0.0.1:10248/healthz; }

# What an init or a join wrote that did not finish, its own step clears.
is_member() { [[ -f /etc/kubelab/cluster-identity.yaml || -f /etc/kubelab/joined ]]; }

# What kubeadm wrote when the node was made is written anew by kubeadm itself, with the patch.
configure_member() {
  say "changing the kubelet's configuration on $NODE_NAME"
  former=$(mktemp -d)
  keep_copies "$former" /var/lib/kubelet/config.yaml "$patches" /etc/kubelab/applied/kubelet
  rm -f /etc/kubelab/applied/kubelet
  write_files "$KUBELET_PATCH"
  logged "writing the kubelet's configuration on $NODE_NAME" kubeadm upgrade node phase kubelet-config --patches "$patches"
  systemctl restart kubelet
  wait_until 60 "the kubelet on $NODE_NAME to take its configuration (see also: journalctl -u kubelet -n 50)" answers
}

# A kubelet that does not start takes its node away, and the engine, which keeps what was declared before a failure,
# would see no difference once the change is taken back.
at_exit() {
  [[ -n ${former:-} ]] || return 0
  if (($1 != 0)) && [[ -f $former/kubelet ]]; then
    say "putting the kubelet's former configuration back on $NODE_NAME"
    cp --archive "$former/${patches##*/}/." "$patches"
    if [[ -s $former/config.yaml ]] && ! cmp --silent "$former/config.yaml" /var/lib/kubelet/config.yaml; then
      cp --archive "$former/config.yaml" /var/lib/kubelet/config.yaml
      systemctl restart kubelet
    fi
    cp --archive "$former/kubelet" /etc/kubelab/applied/kubelet
  fi
  rm -rf "$former"
}

take_settings() {
  if is_applied kubelet "$KUBELET_PATCH" && ! { is_member && [[ ! -s /var/lib/kubelet/config.yaml ]]; }; then
    # kubeadm reads it again whenever it writes the kubelet's configuration.
    write_files "$KUBELET_PATCH"
    return 0
  fi
  if is_member; then configure_member; else write_files "$KUBELET_PATCH"; fi
  mark_applied kubelet "$KUBELET_PATCH"
}

main() {
  local found packages
  # What the kubelet and kube-proxy call on a node, and kubeadm looks for; upstream's packages leave it to the system.
  read -ra packages <<<"$SYSTEM_PACKAGES"
  install_packages "${packages[@]/%/=*}"
  install_held_packages "kubelet=$KUBERNETES_VERSION-*" "kubeadm=$KUBERNETES_VERSION-*" "kubectl=$KUBERNETES_VERSION-*" \
    "kubernetes-cni=$KUBERNETES_CNI_VERSION" "cri-tools=$CRI_TOOLS_VERSION"
  found=$(kubeadm version --output short)
  [[ $found == "v$KUBERNETES_VERSION" ]] ||
    fail "installing Kubernetes on $NODE_NAME: kubeadm says $found, wanted v$KUBERNETES_VERSION; look for another kubeadm on PATH: type -a kubeadm"
  is_member || pull_kubeadm_images
  systemctl is-enabled --quiet kubelet || systemctl enable --quiet kubelet
  take_settings
}

main </dev/null
