package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func TestAMachineRunsWithTheHardwareThatItsVMHas(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	called := r.said("calls")
	for _, wanted := range []string{"-name w1 ", "-smp 2 -m 2048M", "qemu64,+svm", "/w1/w1-written.qcow2", "vmxnet3,netdev=net0,mac=00:0c:29:"} {
		if !strings.Contains(called, wanted) {
			t.Errorf("QEMU was called without %q:\n%s", wanted, called)
		}
	}
	if strings.Contains(called, "c2VjcmV0") {
		t.Errorf("guest data is in an argument:\n%s", called)
	}
	if created := r.said("images"); !strings.Contains(created, fmt.Sprint(1<<30)) {
		t.Errorf("qemu-img was called with:\n%s", created)
	}
	if calls := r.calls(); strings.Contains(calls, "create") {
		t.Errorf("a container was made besides:\n%s", calls)
	}
	folder := filepath.Join(r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	if left, err := filepath.Glob(filepath.Join(folder, "*.iso")); err != nil || len(left) != 0 {
		t.Errorf("the guest's private key is left in %v (%v)", left, err)
	}
}

func TestOneNodeIsARealMachineAndAnotherOfTheSameSiteAContainer(t *testing.T) {
	r := newRealLab(t)
	other := r.realNode("w2", "false")
	r.must(r.done(other.PowerOn))
	if r.starts() != 0 || len(r.containers()) != 1 {
		t.Fatalf("%d processes, containers %v", r.starts(), r.containers())
	}
	r.must(r.done(r.vm.PowerOn))
	if r.starts() != 1 || len(r.containers()) != 1 {
		t.Fatalf("%d processes, containers %v", r.starts(), r.containers())
	}
}

func TestAnAddressIsReportedOnceTheGuestHasALeaseOfThisBoot(t *testing.T) {
	r := newRealLab(t)
	r.lease("10.9.0.4")
	old, err := os.ReadFile(r.leases)
	r.must(err)
	expiry := fmt.Sprint(time.Now().Add(time.Hour).Unix() - 60)
	r.must(os.WriteFile(r.leases, append([]byte(expiry), old[strings.Index(string(old), " "):]...), 0o600))
	r.must(r.done(r.vm.PowerOn))
	found := r.properties(r.vm)
	if found.Guest.IpAddress != "" || found.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning) {
		t.Fatalf("at power-on the guest is at %q, tools %s", found.Guest.IpAddress, found.Guest.ToolsRunningStatus)
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	found = r.properties(r.vm)
	if found.Guest.HostName != "debian" || len(found.Guest.Net) != 1 || found.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning) {
		t.Fatalf("found %+v", found.Guest)
	}
}

func TestAGuestThatRestartsItselfIsSilentUntilItHasItsAddressAgain(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(os.Remove(r.leases))
	r.guest("reset")
	r.untilAddress("")
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn || r.starts() != 1 {
		t.Fatalf("a restarting guest is %s after %d starts", state, r.starts())
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
}

func TestAGuestThatPowersOffIsOffAndCanBePoweredOn(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.guest("off")
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	r.must(r.done(r.vm.PowerOn))
	if err := r.done(r.vm.PowerOn); err == nil || r.starts() != 2 {
		t.Fatalf("a machine that is on was started (%v); %d starts", err, r.starts())
	}
}

func TestShutdownAndRebootAskOnlyAGuestWhoseToolsRun(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	if err := r.vm.ShutdownGuest(t.Context()); err == nil || !strings.Contains(err.Error(), "ToolsUnavailable") {
		t.Fatalf("found %v", err)
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(r.vm.RebootGuest(t.Context()))
	r.until("started twice", func() bool { return r.starts() == 2 })
	r.untilState(types.VirtualMachinePowerStatePoweredOn)
	r.lease("10.9.0.5")
	r.untilAddress("10.9.0.5")
	r.must(r.vm.ShutdownGuest(t.Context()))
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	if pressed := strings.Count(r.said("monitor"), "system_powerdown"); pressed != 2 || r.starts() != 2 {
		t.Fatalf("the power button was pressed %d times, %d starts", pressed, r.starts())
	}
}

func TestAGuestThatDoesNotListenIsOffWhenItsPowerIsCut(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.guest("deaf")
	r.must(r.vm.ShutdownGuest(t.Context()))
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn {
		t.Fatalf("it is %s", state)
	}
	r.must(r.done(r.vm.PowerOff))
	if off := r.properties(r.vm); off.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff || off.Guest.IpAddress != "" {
		t.Fatalf("it is %s at %q", off.Runtime.PowerState, off.Guest.IpAddress)
	}
	if err := r.done(r.vm.PowerOff); err == nil {
		t.Fatal("a machine that is off was powered off")
	}
}

func TestASuspendedMachineGoesOnWhereItWasAndASuspendedOneCanBePoweredOff(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(r.done(r.vm.Suspend))
	if found := r.properties(r.vm); found.Runtime.PowerState != types.VirtualMachinePowerStateSuspended || found.Guest.IpAddress != "" {
		t.Fatalf("it is %s at %q", found.Runtime.PowerState, found.Guest.IpAddress)
	}
	r.must(r.done(r.vm.PowerOn))
	if found := r.properties(r.vm); found.Guest.IpAddress != "10.9.0.4" || r.starts() != 1 {
		t.Fatalf("it is at %q after %d starts", found.Guest.IpAddress, r.starts())
	}
	r.must(r.done(r.vm.Suspend))
	r.must(r.done(r.vm.PowerOff))
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	for _, wanted := range []string{`"stop"`, `"cont"`} {
		if !strings.Contains(r.said("monitor"), wanted) {
			t.Errorf("the monitor was not told %s:\n%s", wanted, r.said("monitor"))
		}
	}
}

func TestAResetKeepsTheProcessAndForgetsTheAddress(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(os.Remove(r.leases))
	r.must(r.done(r.vm.Reset))
	if found := r.properties(r.vm); found.Guest.IpAddress != "" || found.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || r.starts() != 1 {
		t.Fatalf("it is %s at %q after %d starts", found.Runtime.PowerState, found.Guest.IpAddress, r.starts())
	}
}

func TestAMachineThatCannotStartSaysWhyAndStaysOff(t *testing.T) {
	r := newRealLab(t)
	r.must(os.WriteFile(filepath.Join(r.state, "broken"), nil, 0o600))
	err := r.done(r.vm.PowerOn)
	if err == nil || !strings.Contains(reason(err), "cannot set up guest memory") || !strings.Contains(reason(err), "w1") {
		t.Fatalf("found %v", err)
	}
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff {
		t.Fatalf("it is %s", state)
	}
	wrong := r.realNode("w2", `{"accelerator": "xen"}`)
	if err := r.done(wrong.PowerOn); err == nil || !strings.Contains(reason(err), "RUN.qemu") || !strings.Contains(reason(err), "xen") {
		t.Fatalf("found %v", err)
	}
}

func TestDestroyingAMachineLeavesNeitherItsDiskNorItsLogs(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	folder := filepath.Join(r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	if _, err := os.Stat(filepath.Join(folder, "w1-written.qcow2")); err != nil {
		t.Fatal(err)
	}
	if err := r.done(r.vm.Destroy); err == nil {
		t.Fatal("a running machine was destroyed")
	}
	r.must(r.done(r.vm.Suspend))
	r.must(r.done(r.vm.Destroy))
	if r.real.runs(r.vm.Reference()) {
		t.Error("its process is left")
	}
	if left, err := os.ReadDir(folder); !os.IsNotExist(err) {
		t.Errorf("left in its folder: %v (%v)", left, err)
	}
}

func TestClosingEndsEveryProcessAndStartsNoMore(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	process := r.real.of(r.vm.Reference()).process
	r.must(r.real.close(t.Context()))
	select {
	case <-process.Ended():
	default:
		t.Error("its process is left")
	}
	if err := r.done(r.realNode("w2", "{}").PowerOn); err == nil {
		t.Error("a machine was started on a host that is shutting down")
	}
}

func TestWithoutABridgeARealMachineSaysWhatIsMissing(t *testing.T) {
	l := newLab(t, containerOptions())
	r := &realLab{lab: l}
	err := l.done(r.realNode("w1", "{}").PowerOn)
	if err == nil || !strings.Contains(reason(err), "-bridge") || len(l.containers()) != 0 {
		t.Fatalf("found %v", err)
	}
}

func TestHardwareThatARealMachineHasNotIsRefused(t *testing.T) {
	r := newRealLab(t)
	card := &types.VirtualE1000{}
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"}}
	r.must(r.vm.AddDevice(t.Context(), card))
	if err := r.done(r.vm.PowerOn); err == nil || !strings.Contains(reason(err), "VirtualE1000") {
		t.Fatalf("found %v", err)
	}
}
