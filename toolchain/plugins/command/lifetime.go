package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

var errCancelled = errors.New("cancelled by the engine")

// provider answers the engine. Its operations end with the plugin's lifetime.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	engine     *engine
	lifetime   context.Context
	stop       context.CancelCauseFunc
	operations sync.WaitGroup
}

func newProvider(engine *engine) *provider {
	lifetime, stop := context.WithCancelCause(context.Background())
	return &provider{engine: engine, lifetime: lifetime, stop: stop}
}

// wait returns when no operation runs any more, or after the limit.
func (p *provider) wait(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	go func() {
		p.operations.Wait()
		cancel()
	}()
	<-ctx.Done()
}

// operation bounds a request by the plugin's lifetime and by the user's timeout in seconds (0: none).
func (p *provider) operation(request context.Context, timeout float64) (context.Context, func()) {
	p.operations.Add(1)
	ctx, cancel := context.WithCancelCause(request)
	detach := context.AfterFunc(p.lifetime, func() { cancel(context.Cause(p.lifetime)) })
	expire := func() {}
	if timeout > 0 {
		limit := time.Duration(timeout * float64(time.Second))
		ctx, expire = context.WithTimeoutCause(ctx, limit, fmt.Errorf("timed out after %s", limit))
	}
	return ctx, func() {
		expire()
		detach()
		cancel(nil)
		p.operations.Done()
	}
}

func (p *provider) logger(urn string) logger { return logger{engine: p.engine, urn: urn} }
