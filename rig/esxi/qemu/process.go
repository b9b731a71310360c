package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	endTimeout    = 30 * time.Second
	evidenceBytes = 2000
)

// Process is a running machine. It ends with the process that started it, however that ends.
type Process struct {
	monitor *monitor
	command *exec.Cmd
	ended   chan struct{}
}

// Start runs a machine whose network adapters are these tap devices; the caller keeps and closes its own copies of
// them. What QEMU says goes to the file `log`, which its errors quote.
func Start(machine Machine, taps []*os.File, log string) (*Process, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	said, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	defer said.Close()
	command := exec.Command(Program, machine.Arguments(hostIsIntel())...)
	command.Stdout, command.Stderr = said, said
	command.ExtraFiles = append([]*os.File{theirs}, taps...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	process := &Process{monitor: newMonitor(ours), command: command, ended: make(chan struct{})}
	started := make(chan error)
	go process.run(started)
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", Program, err), ours.Close())
	}
	_ = theirs.Close() // so that the monitor sees the end of a process that ends at once
	if err := process.monitor.greeted(); err != nil {
		killed := process.Kill(context.Background())
		return nil, errors.Join(fmt.Errorf("starting %s: %w: %s", Program, err, evidence(log)), killed)
	}
	return process, nil
}

// run starts the program and waits for its end. The kernel ends it with the thread that started it, so this one is
// its own as long as it lasts.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	if err := p.command.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	_ = p.command.Wait()
	close(p.ended)
}

// Ended is closed once the process is gone: the guest powered off, or somebody killed it.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Resets receives when the machine began anew by itself or by Reset; several at once are one.
func (p *Process) Resets() <-chan struct{} { return p.monitor.resets }

// Kill is the power cut off; a process that has ended is fine.
func (p *Process) Kill(ctx context.Context) error {
	_ = p.command.Process.Kill()
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(endTimeout):
		return fmt.Errorf("process %d survives SIGKILL for %s", p.command.Process.Pid, endTimeout)
	}
}

// PowerButton asks the guest by ACPI to shut down; it may take its time, or not listen.
func (p *Process) PowerButton() error { return p.monitor.execute("system_powerdown", nil) }

// Reset is the reset button: the guest is not asked.
func (p *Process) Reset() error { return p.monitor.execute("system_reset", nil) }

// Pause stops the processors; memory stays where it is.
func (p *Process) Pause() error { return p.monitor.execute("stop", nil) }

// Continue goes on after Pause.
func (p *Process) Continue() error { return p.monitor.execute("cont", nil) }

// Resize tells the guest of a disk's new capacity in bytes.
func (p *Process) Resize(disk Disk, capacity int64) error {
	return p.monitor.execute("block_resize", map[string]any{"node-name": disk.node(), "size": capacity})
}

func socketPair() (net.Conn, *os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "monitor")
	file := os.NewFile(uintptr(pair[0]), "monitor")
	defer file.Close()
	ours, err := net.FileConn(file)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

func hostIsIntel() bool {
	content, err := os.ReadFile("/proc/cpuinfo")
	return err == nil && strings.Contains(string(content), "GenuineIntel")
}

// evidence is the end of what QEMU said, on one line.
func evidence(log string) string {
	content, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	text := string(content[max(0, len(content)-evidenceBytes):])
	return strings.Join(strings.Fields(text), " ")
}
