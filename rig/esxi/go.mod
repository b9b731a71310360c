module kubelab/rig/esxi

go 1.26.0

require (
	github.com/diskfs/go-diskfs v1.9.4
	github.com/vmware/govmomi v0.56.0
	golang.org/x/sys v0.43.0
	gopkg.in/yaml.v3 v3.0.1
)

require (
	github.com/djherbis/times v1.6.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
)
