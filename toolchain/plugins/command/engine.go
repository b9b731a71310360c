package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	watchInterval = 500 * time.Millisecond
	// How long the engine's service may be out of reach before it counts as dead.
	unreachableLimit = 5 * time.Second
	logTimeout       = 10 * time.Second
)

// engine is the engine's side of the plugin: its log, and whether it still lives.
type engine struct {
	connection *grpc.ClientConn
	client     pulumirpc.EngineClient
	parent     int
}

func connectEngine(address string) (*engine, error) {
	// The parent is read first: should the engine die while we connect, it changes afterwards.
	parent := os.Getppid()
	retry := backoff.DefaultConfig
	retry.MaxDelay = time.Second
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: unreachableLimit}))
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine at %s: %w", address, err)
	}
	connection.Connect()
	return &engine{connection: connection, client: pulumirpc.NewEngineClient(connection), parent: parent}, nil
}

func (e *engine) close() { _ = e.connection.Close() }

// gone closes its channel once the parent process has ended or the engine's
// service has been out of reach for too long. The parent alone is not enough:
// a plugin started through a wrapper has another one.
func (e *engine) gone() <-chan struct{} {
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		reached := time.Now()
		for os.Getppid() == e.parent && time.Since(reached) < unreachableLimit {
			switch e.connection.GetState() {
			case connectivity.Ready:
				reached = time.Now()
			case connectivity.Idle:
				e.connection.Connect()
			}
			time.Sleep(watchInterval)
		}
	}()
	return dead
}

// logger writes to the engine's log in the name of one resource.
type logger struct {
	engine *engine
	urn    string
}

// status shows a line beside the resource while it is worked on; it is not kept.
func (l logger) status(ctx context.Context, line string) {
	l.send(ctx, pulumirpc.LogSeverity_INFO, line, true)
}

func (l logger) warn(ctx context.Context, message string) {
	l.send(ctx, pulumirpc.LogSeverity_WARNING, message, false)
}

func (l logger) send(ctx context.Context, severity pulumirpc.LogSeverity, message string, ephemeral bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logTimeout)
	defer cancel()
	_, err := l.engine.client.Log(ctx, &pulumirpc.LogRequest{
		Severity: severity, Urn: l.urn, Message: strings.ToValidUTF8(message, "\uFFFD"), Ephemeral: ephemeral,
	})
	if err != nil {
		// The engine keeps a plugin's stderr and shows it when the plugin fails.
		fmt.Fprintf(os.Stderr, "the engine took no log line for %s: %v\n", l.urn, err)
	}
}
