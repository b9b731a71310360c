package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

const (
	// Linux refuses to start a program with a longer variable.
	maxVariable = 128 << 10
	// How long a killed command's pipes may be held open by processes that left its group.
	pipeGrace = 2 * time.Second
)

func (c *command) runLocal(ctx context.Context, log logger, text string) (map[string]*structpb.Value, error) {
	process, err := c.localProcess(ctx, log, text)
	if err != nil {
		return nil, err
	}
	out := newCapture(c.Logging, func(line string) { log.status(ctx, line) })
	process.Stdout, process.Stderr = out.writers()
	err = runToEnd(ctx, process)
	out.close()
	if err != nil {
		return nil, failure(err, text, out)
	}
	outputs := printed(out)
	if err := c.collectFiles(process.Dir, outputs); err != nil {
		return nil, err
	}
	return outputs, nil
}

func (c *command) localProcess(ctx context.Context, log logger, text string) (*exec.Cmd, error) {
	interpreter := c.Interpreter
	if len(interpreter) == 0 {
		interpreter = []string{"/bin/sh", "-c"}
	}
	process := exec.Command(interpreter[0], append(interpreter[1:len(interpreter):len(interpreter)], text)...)
	directory := c.Dir
	if directory == "" {
		current, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("finding the directory to run %q in: %w", text, err)
		}
		directory = current
	}
	process.Dir = directory
	process.Env = os.Environ()
	for name, value := range c.Environment {
		process.Env = append(process.Env, name+"="+value)
	}
	for name, value := range c.previousOutput() {
		if len(name)+len(value)+2 > maxVariable {
			log.warn(ctx, fmt.Sprintf("%s is left out: %d bytes are more than a variable may hold", name, len(value)))
			continue
		}
		process.Env = append(process.Env, name+"="+value)
	}
	if c.Stdin != "" {
		process.Stdin = strings.NewReader(c.Stdin)
	}
	// A group of its own, so that all it started is killed with it; and it dies with this plugin.
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return process, nil
}

// runToEnd runs a process until it and its pipes end, or kills its group when the context ends.
func runToEnd(ctx context.Context, process *exec.Cmd) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// The kernel sends the death signal when the starting thread ends, so the thread stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := process.Start()
		started <- err
		if err == nil {
			ended <- process.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	if err := syscall.Kill(-process.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		cause = fmt.Errorf("%w (and killing process group %d: %w)", cause, process.Process.Pid, err)
	}
	select {
	case <-ended:
	case <-time.After(pipeGrace):
	}
	return cause
}
