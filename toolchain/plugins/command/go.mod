module kubelab/toolchain/plugins/command

go 1.25.11

require (
	github.com/pulumi/pulumi/sdk/v3 v3.259.0
	golang.org/x/crypto v0.55.0
	google.golang.org/grpc v1.83.1
	google.golang.org/protobuf v1.36.11
)

require (
	golang.org/x/net v0.57.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.41.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260526163538-3dc84a4a5aaa // indirect
)
