#!/usr/bin/env bash
# Installs Docker Engine and cri-dockerd before it, and proves that they alone can run a pod, before a kubelet is there.
# library: packages.sh
# library: downloads.sh
# library: runtime.sh
: "${DOCKER_VERSION:?version of the packages docker-ce and docker-ce-cli, as apt matches it}"
: "${CONTAINERD_VERSION:?version of the package containerd.io, as apt matches it}"
: "${CRI_DOCKERD_VERSION:?version of cri-dockerd}"
: "${CRI_DOCKERD_URL:?where the archive of that version is}"
: "${CRI_DOCKERD_SHA256:?checksums that the archive may have, separated by spaces}"

# shellcheck disable=SC2034 # the library names it in its errors
SERVICE=cri-docker

install_cri_dockerd() {
  local archive found program=/usr/local/bin/cri-dockerd
  if is_applied cri-dockerd "$CRI_DOCKERD_VERSION $CRI_DOCKERD_SHA256" "$program"; then return 0; fi
  say "installing cri-dockerd $CRI_DOCKERD_VERSION"
  # shellcheck disable=SC2154 # the library makes it
  archive=$work/cri-dockerd.tgz
  download cri-dockerd "$CRI_DOCKERD_URL" "$archive" 300
  found=$(sha256sum "$archive" | cut -d ' ' -f 1)
  [[ " $CRI_DOCKERD_SHA256 " == *" $found "* ]] ||
    fail "checking $CRI_DOCKERD_URL on $NODE_NAME: found sha256 $found, wanted $CRI_DOCKERD_SHA256"
  # The other mark, so that it is started anew, also when the change is taken back meanwhile.
  rm -f /etc/kubelab/applied/cri-dockerd /etc/kubelab/applied/runtime
  tar --extract --gzip --file "$archive" --directory "$work" --strip-components 1 --no-same-owner cri-dockerd/cri-dockerd
  install_file 0755 "$work/cri-dockerd" "$program"
  mark_applied cri-dockerd "$CRI_DOCKERD_VERSION $CRI_DOCKERD_SHA256" "$program"
}

check_one_version() {
  local found
  found=$(docker version --format '{{.Server.Version}} {{.Client.Version}}') ||
    fail "asking Docker for its version on $NODE_NAME: see above; look at: journalctl -u docker -n 50"
  [[ ${found% *} == "${found#* }" ]] ||
    fail "comparing docker-ce with docker-ce-cli on $NODE_NAME: found $found, wanted one version; look for another docker on PATH: type -a docker"
}

main() {
  claim_machine
  install_held_packages "docker-ce=$DOCKER_VERSION" "docker-ce-cli=$DOCKER_VERSION" "containerd.io=$CONTAINERD_VERSION" \
    "cri-tools=$CRI_TOOLS_VERSION"
  install_cri_dockerd
  configure_service "$DOCKER_VERSION $CONTAINERD_VERSION $CRI_DOCKERD_VERSION" docker cri-docker
  check_one_version
  prove_runtime
}

main </dev/null
