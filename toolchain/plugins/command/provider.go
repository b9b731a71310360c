package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	schema, err := schemaJSON()
	return &pulumirpc.GetSchemaResponse{Schema: schema}, err
}

func (p *provider) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (p *provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.stop(errCancelled)
	return &emptypb.Empty{}, nil
}

func (p *provider) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if _, err := nameIn(request.GetUrn()); err != nil {
		return nil, err
	}
	var c checker
	inputs := c.object(commandInputs, request.GetNews(), "")
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: c.failures}, nil
}

func (p *provider) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if _, err := nameIn(request.GetUrn()); err != nil {
		return nil, err
	}
	return diffInputs(request.GetOldInputs(), request.GetNews()), nil
}

// Read finds nothing out: what a command did cannot be read back.
func (p *provider) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if len(request.GetProperties().GetFields()) == 0 {
		return nil, status.Errorf(codes.Unimplemented, "importing %s: a command cannot be imported, let pulumi create it",
			request.GetUrn())
	}
	return &pulumirpc.ReadResponse{
		Id: request.GetId(), Properties: request.GetProperties(), Inputs: request.GetInputs(),
	}, nil
}

func (p *provider) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	name, err := nameIn(request.GetUrn())
	if err != nil {
		return nil, err
	}
	id, err := randomID(name)
	if err != nil {
		return nil, err
	}
	ctx, done := p.operation(ctx, request.GetTimeout())
	defer done()
	state, err := apply(ctx, p.logger(request.GetUrn()), change{
		inputs: request.GetProperties(), preview: request.GetPreview(),
	})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

func (p *provider) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if _, err := nameIn(request.GetUrn()); err != nil {
		return nil, err
	}
	ctx, done := p.operation(ctx, request.GetTimeout())
	defer done()
	state, err := apply(ctx, p.logger(request.GetUrn()), change{
		inputs: request.GetNews(), old: request.GetOlds(), preview: request.GetPreview(),
	})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: state}, nil
}

func (p *provider) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if _, err := nameIn(request.GetUrn()); err != nil {
		return nil, err
	}
	ctx, done := p.operation(ctx, request.GetTimeout())
	defer done()
	return &emptypb.Empty{}, remove(ctx, p.logger(request.GetUrn()), request.GetProperties())
}

func randomID(prefix string) (string, error) {
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("making an id for %s: %w", prefix, err)
	}
	return prefix + hex.EncodeToString(random), nil
}
