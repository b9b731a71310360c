module kubelab/rig/mirror/programs/pause

go 1.26.0
