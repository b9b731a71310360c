package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	firstDelay  = 100 * time.Millisecond
	delayGrowth = 1.5
	longestWait = 5 * time.Second
	// The dial timeout covers the TCP connection; a peer that accepts and stays silent is bounded by this.
	handshakeTimeout = 30 * time.Second
)

// Link is an ssh connection with all that it stands on.
type Link struct {
	*ssh.Client
	beneath []func()
}

// Close ends it, and then what is beneath.
func (l *Link) Close() {
	_ = l.Client.Close()
	for i := len(l.beneath) - 1; i >= 0; i-- {
		l.beneath[i]()
	}
}

// Say shows a line while a machine is waited for.
type Say func(ctx context.Context, line string)

// dialer opens a transport to an address.
type dialer func(ctx context.Context, address string) (net.Conn, error)

// Dial connects to the machine, through the proxy if there is one; `say` is told of each attempt that failed.
func (c Connection) Dial(ctx context.Context, say Say) (*Link, error) {
	if c.Proxy == nil {
		return c.Endpoint.dial(ctx, say, "Dial", tcpDialer(c.Endpoint.perDialTimeout()))
	}
	proxy, err := c.Proxy.dial(ctx, say, "Dial proxy", tcpDialer(c.Proxy.perDialTimeout()))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	machine, err := c.Endpoint.dial(ctx, say, "Dial from proxy", func(ctx context.Context, address string) (net.Conn, error) {
		ctx, cancel := withOptionalTimeout(ctx, c.Endpoint.perDialTimeout())
		defer cancel()
		return proxy.DialContext(ctx, "tcp", address)
	})
	if err != nil {
		proxy.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	machine.beneath = append([]func(){proxy.Close}, machine.beneath...)
	return machine, nil
}

func (e Endpoint) dial(ctx context.Context, say Say, what string, open dialer) (*Link, error) {
	access, err := e.access()
	if err != nil {
		return nil, err
	}
	var client *ssh.Client
	err = retry(ctx, say, what, e.dialErrorLimit(), func() error {
		client, err = access.attempt(ctx, open)
		return err
	})
	if err != nil {
		access.closeAgent()
		return nil, err
	}
	return &Link{Client: client, beneath: []func(){access.closeAgent}}, nil
}

func (a *access) attempt(ctx context.Context, open dialer) (*ssh.Client, error) {
	conn, err := open(ctx, a.Address())
	if err != nil {
		return nil, err
	}
	// Closing is the one way to interrupt a handshake on any transport.
	silent := time.AfterFunc(handshakeTimeout, func() { _ = conn.Close() })
	interrupt := context.AfterFunc(ctx, func() { _ = conn.Close() })
	client, err := a.handshake(conn)
	if !silent.Stop() {
		return nil, fmt.Errorf("%s accepts connections but did not finish the ssh handshake within %s", a.Address(), handshakeTimeout)
	}
	if !interrupt() {
		return nil, context.Cause(ctx)
	}
	return client, err
}

func tcpDialer(timeout time.Duration) dialer {
	plain := net.Dialer{Timeout: timeout}
	return func(ctx context.Context, address string) (net.Conn, error) {
		return plain.DialContext(ctx, "tcp", address)
	}
}

func withOptionalTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// retry repeats what may yet succeed (a machine that boots refuses connections
// and then logins) with growing delays, until the limit of failures.
func retry(ctx context.Context, say Say, what string, limit int, attempt func() error) error {
	delay := firstDelay
	for failed := 1; ; failed++ {
		err := attempt()
		var final *hostKeyMismatch
		if err == nil || errors.As(err, &final) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w while connecting, last failure: %w", context.Cause(ctx), err)
		}
		if limit != unlimited && failed > limit {
			return fmt.Errorf("after %d failed attempts: %w", limit, err)
		}
		say(ctx, fmt.Sprintf("%s %d/%s failed: retrying: %v", what, failed, limitText(limit), err))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while connecting, last failure: %w", context.Cause(ctx), err)
		case <-time.After(delay):
		}
		delay = min(time.Duration(float64(delay)*delayGrowth), longestWait)
	}
}

func limitText(limit int) string {
	if limit == unlimited {
		return "inf"
	}
	return strconv.Itoa(limit)
}
