package transport

import (
	"context"
	"fmt"
	"time"
)

const (
	keepaliveInterval = 15 * time.Second
	// A machine that stays silent for this many intervals counts as lost.
	keepaliveMisses = 3
)

// ping asks for an answer, whatever it is.
func (l *Link) ping() error {
	_, _, err := l.SendRequest("keepalive@openssh.com", true, nil)
	return err
}

// KeepAlive asks for answers until the context ends (nil) or the machine no longer
// gives any. Without it, a command on a machine that lost its power would be
// waited for without end.
func (l *Link) KeepAlive(ctx context.Context) error {
	return keepAlive(ctx, keepaliveInterval, l.ping)
}

// keepAlive pings until the context ends or no answer comes.
func keepAlive(ctx context.Context, interval time.Duration, ping func() error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
		answer := make(chan error, 1)
		go func() { answer <- ping() }()
		select {
		case <-ctx.Done():
			return nil
		case err := <-answer:
			if err != nil {
				return err
			}
		case <-time.After(keepaliveMisses * interval):
			return fmt.Errorf("no answer for %s", keepaliveMisses*interval)
		}
	}
}
