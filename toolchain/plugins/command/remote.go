package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	// Linux refuses to start a program with a longer variable.
	maxVariable = 128 << 10
	// How long a remote command that was told to end may take.
	remoteGrace = 2 * time.Second
	acceptHint  = "sshd takes only the variables that AcceptEnv names in its configuration; " +
		"with a Bash-like shell on the host, prefix the command itself instead: VAR=value command"
)

func (c *command) run(ctx context.Context, log logger, text string) (map[string]*structpb.Value, error) {
	machine, err := c.Connection.Dial(ctx, log.status)
	if err != nil {
		return nil, err
	}
	defer machine.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := machine.KeepAlive(ctx); err != nil {
			cancel(fmt.Errorf("the connection to %s is lost: %w", c.Connection.Address(), err))
		}
	}()

	session, err := machine.NewSession()
	if err != nil {
		return nil, fmt.Errorf("opening a session on %s: %w", c.Connection.Address(), err)
	}
	if err := c.setEnvironment(ctx, log, session); err != nil {
		return nil, err
	}
	out := newCapture(c.Logging, func(line string) { log.status(ctx, line) })
	session.Stdout, session.Stderr = out.writers()
	err = runSession(ctx, session, text, c.Stdin)
	out.close()
	if err != nil {
		return nil, failure(err, text, out)
	}
	return printed(out), nil
}

func (c *command) setEnvironment(ctx context.Context, log logger, session *ssh.Session) error {
	for name, value := range c.Environment {
		if err := session.Setenv(name, value); err != nil {
			return fmt.Errorf("could not set environment variable %q on %s: %w: %s", name, c.Connection.Host, err, acceptHint)
		}
	}
	for name, value := range c.previousOutput() {
		if len(name)+len(value)+2 > maxVariable {
			log.warn(ctx, fmt.Sprintf("%s is left out: %d bytes are more than a variable may hold", name, len(value)))
			continue
		}
		if err := session.Setenv(name, value); err != nil {
			log.warn(ctx, fmt.Sprintf("Unable to set '%s': %s. Or set addPreviousOutputInEnv to false.", name, acceptHint))
		}
	}
	return nil
}

// runSession runs the command until it ends, or tells it to end when the context does.
func runSession(ctx context.Context, session *ssh.Session, text, stdin string) error {
	input, err := session.StdinPipe()
	if err != nil {
		return err
	}
	if err := session.Start(text); err != nil {
		return err
	}
	go func() {
		// A command need not read all of its input: only its exit status tells how it went.
		_, _ = io.WriteString(input, stdin)
		_ = input.Close()
	}()
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// Without the signal, the command would go on after the connection is closed.
	_ = session.Signal(ssh.SIGTERM)
	select {
	case <-ended:
	case <-time.After(remoteGrace):
	}
	return context.Cause(ctx)
}
