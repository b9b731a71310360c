module kubelab/rig/mirror/pause

go 1.26.0
