package main

import (
	"context"
	"fmt"

	"github.com/pkg/sftp"
)

// source is an asset or an archive: a file, a directory or a text.
type source struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

func (c *command) copyToRemote(ctx context.Context, log logger) error {
	machine, err := c.Connection.dial(ctx, log)
	if err != nil {
		return err
	}
	defer machine.close()
	// Closing the connection is what interrupts a transfer.
	interrupt := context.AfterFunc(ctx, machine.close)
	defer interrupt()
	files, err := sftp.NewClient(machine.Client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return fmt.Errorf("starting sftp on %s: %w", c.Connection.address(), err)
	}
	defer files.Close()
	if err := (upload{files}).source(c.Source, c.RemotePath); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return fmt.Errorf("copying to %s:%s: %w", c.Connection.Host, c.RemotePath, err)
	}
	return nil
}
