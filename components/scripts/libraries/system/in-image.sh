# shellcheck shell=bash
# Whether this is no machine, but the root of an image that is being made. What a kernel or systemd would have to do there
# is left to the machines that are made of it.
is_image() { [[ -d /run/kubelab-image ]]; }
