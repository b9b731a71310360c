package qemu

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	hostKey  = "KUBELAB_TEST_HOST" // set: this test program is a host that starts one machine, and never ends by itself
	patience = 20 * time.Second
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(hostKey); folder != "" {
		process, err := Start(Machine{Name: "w1", SerialLog: filepath.Join(folder, "serial.log")}, nil, filepath.Join(folder, "qemu.log"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(process.command.Process.Pid)
		select {}
	}
	os.Exit(m.Run())
}

// fake puts a QEMU made of a shell before the real one; its directory.
func fake(t *testing.T) string {
	t.Helper()
	stubs, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	t.Setenv("PATH", stubs+":"+os.Getenv("PATH"))
	t.Setenv("QEMU_STATE", state)
	return state
}

func TestAKilledHostLeavesNoMachineBehind(t *testing.T) {
	state := fake(t)
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), hostKey+"="+state)
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	machine, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the host said %q", line)
	}
	if err := syscall.Kill(machine, 0); err != nil {
		t.Fatalf("the machine does not run: %v", err)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	for deadline := time.Now().Add(patience); !gone(machine); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives its host by %s", machine, patience)
		}
	}
}

// gone tells whether a process has ended, also one that nobody has waited for yet.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestWhatTheMonitorRefusesIsAnErrorWithItsReason(t *testing.T) {
	state := fake(t)
	process, err := Start(Machine{Name: "w1", SerialLog: filepath.Join(state, "serial.log")}, nil, filepath.Join(state, "qemu.log"))
	if err != nil {
		t.Fatal(err)
	}
	err = process.Resize(Disk{Unit: 0}, 99)
	if err == nil || !strings.Contains(err.Error(), "no such node") || !strings.Contains(err.Error(), "block_resize") {
		t.Errorf("found %v", err)
	}
	if err := process.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := process.Pause(); err == nil {
		t.Error("a process that is gone was told something")
	}
}

func TestAMissingQEMUIsNamed(t *testing.T) {
	state := t.TempDir()
	t.Setenv("PATH", state)
	_, err := Start(Machine{Name: "w1"}, nil, filepath.Join(state, "qemu.log"))
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), Program) {
		t.Errorf("found %v", err)
	}
}
