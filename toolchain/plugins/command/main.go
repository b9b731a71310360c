// Command pulumi-resource-command stands in for the vendor's command plugin
// where that one cannot be downloaded. The engine starts it with the address
// of its own gRPC service and reads the plugin's port from the first line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

const (
	version        = "1.2.1"
	maxMessageSize = 400 << 20
	// The engine itself kills a plugin five seconds after it asked it to stop.
	shutdownGrace = 4 * time.Second
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-command:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	address, err := engineAddress(args)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)

	engine, err := connectEngine(address)
	if err != nil {
		return err
	}
	defer engine.close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on loopback: %w", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageSize))
	provider := newProvider(engine)
	pulumirpc.RegisterResourceProviderServer(server, provider)

	go func() {
		select {
		case <-signals:
			provider.stop(errors.New("the plugin was told to stop"))
		case <-engine.gone():
			provider.stop(errors.New("the engine is gone"))
		}
		forced := time.AfterFunc(shutdownGrace, server.Stop)
		defer forced.Stop()
		server.GracefulStop()
	}()

	fmt.Printf("%d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := server.Serve(listener); err != nil {
		return fmt.Errorf("serving the engine: %w", err)
	}
	// Serve returns before the handlers of a graceful stop have ended.
	provider.wait(context.Background(), shutdownGrace)
	return nil
}

// engineAddress skips the logging flags that the engine may put first.
func engineAddress(args []string) (string, error) {
	flags := flag.NewFlagSet("pulumi-resource-command", flag.ContinueOnError)
	flags.Bool("logtostderr", false, "accepted, without effect")
	flags.Bool("logflow", false, "accepted, without effect")
	flags.Int("v", 0, "accepted, without effect")
	flags.String("tracing", "", "accepted, without effect")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if flags.NArg() != 1 {
		return "", fmt.Errorf("found %d arguments, expected the engine's address: pulumi starts this plugin itself", flags.NArg())
	}
	return flags.Arg(0), nil
}
