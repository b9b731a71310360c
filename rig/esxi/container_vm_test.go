package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/engine"
)

func TestAPowerCycleKeepsContainerAddressAndMAC(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	l.must(l.done(vm.PowerOn))
	first := l.properties(vm)
	card := firstCard(&simulator.VirtualMachine{VirtualMachine: first}).GetVirtualEthernetCard()
	if first.Guest.IpAddress != "10.9.0.2" || first.Guest.Net[0].MacAddress != card.MacAddress {
		t.Fatalf("guest is %s with %+v, adapter has %s", first.Guest.IpAddress, first.Guest.Net, card.MacAddress)
	}
	l.must(l.done(vm.PowerOff))
	if off := l.properties(vm); off.Guest.IpAddress != "" || off.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		t.Fatalf("powered off, the guest still has %q and is %s", off.Guest.IpAddress, off.Runtime.PowerState)
	}
	l.must(l.done(vm.PowerOn))
	second := l.properties(vm)
	if second.Guest.IpAddress != first.Guest.IpAddress || second.Guest.Net[0].MacAddress != card.MacAddress {
		t.Fatalf("after a power cycle: %s %+v", second.Guest.IpAddress, second.Guest.Net)
	}
	if created := strings.Count(l.calls(), "create "); created != 1 {
		t.Fatalf("%d containers were created:\n%s", created, l.calls())
	}
	if second.Config.Annotation != "mine" {
		t.Fatalf("the annotation became %q", second.Config.Annotation)
	}
}

func TestGuestInformationIsInTheEnvironmentAndInNoArgument(t *testing.T) {
	l := newLab(t, containerOptions())
	l.must(l.done(l.node("w1").PowerOn))
	environment, err := os.ReadFile(filepath.Join(l.engineDir, "environment"))
	l.must(err)
	for _, wanted := range []string{"VMX_GUESTINFO=true\n", "VMX_GUESTINFO_USERDATA=c2VjcmV0\n", "KUBELAB_GATEWAY=10.9.0.1\n", "VMX_ETHERNET0_ADDRESS=00:0c:29:"} {
		if !strings.Contains(string(environment), wanted) {
			t.Errorf("the environment lacks %q", wanted)
		}
	}
	if calls := l.calls(); strings.Contains(calls, "c2VjcmV0") || !strings.Contains(calls, "--device-cgroup-rule=a *:* rwm node:1\n") {
		t.Errorf("the engine was called with:\n%s", calls)
	}
}

func TestDestroyingAVMRemovesItsContainerAndFreesItsAddress(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	l.must(l.done(vm.PowerOn))
	if err := l.done(vm.Destroy); err == nil {
		t.Fatal("a running VM was destroyed")
	}
	l.must(l.done(vm.PowerOff))
	l.must(l.done(vm.Destroy))
	if left := l.containers(); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
	other := l.node("w2")
	l.must(l.done(other.PowerOn))
	if ip := l.properties(other).Guest.IpAddress; ip != "10.9.0.2" {
		t.Fatalf("the next VM got %s", ip)
	}
}

func TestAContainerThatSomebodyRemovedDoesNotHinderDestroy(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	l.must(l.done(vm.PowerOn))
	l.must(l.done(vm.PowerOff))
	l.must(l.machines.engine.Remove(t.Context(), l.containers()...))
	l.must(l.done(vm.Destroy))
}

func TestAGuestThatRestartsItselfRunsAgainAndOneThatPowersOffIsOff(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	l.must(l.done(vm.PowerOn))
	id := l.containers()[0]
	end := func(exitCode int) {
		l.must(os.WriteFile(filepath.Join(l.engineDir, id), fmt.Appendf(nil, "false %d\n", exitCode), 0o600))
		l.machines.died(t.Context(), l.registry, id)
	}
	end(engine.ExitOfReboot)
	if state := l.properties(vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn || strings.Count(l.calls(), "start ") != 2 {
		t.Fatalf("after a restart by the guest the VM is %s:\n%s", state, l.calls())
	}
	end(130)
	if off := l.properties(vm); off.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff || off.Guest.IpAddress != "" {
		t.Fatalf("after a power-off by the guest the VM is %s with address %q", off.Runtime.PowerState, off.Guest.IpAddress)
	}
	l.must(l.done(vm.PowerOn))
}

func TestClosingRemovesEveryContainerAndStartsNoMore(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	l.must(l.done(vm.PowerOn))
	l.must(l.machines.close(t.Context()))
	if left := l.containers(); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
	if err := l.done(l.node("w2").PowerOn); err == nil || len(l.containers()) != 0 {
		t.Fatalf("a VM was started on a host that is shutting down (%v)", err)
	}
}

func TestAUsedUpSubnetIsAClearFaultOfThePowerOn(t *testing.T) {
	l := newLab(t, containerOptions())
	for i := range 5 {
		l.must(l.done(l.node(fmt.Sprintf("w%d", i)).PowerOn))
	}
	err := l.done(l.node("w5").PowerOn)
	if err == nil || !strings.Contains(reason(err), "no free address left in 10.9.0.0/29") {
		t.Fatalf("found %v", err)
	}
}

func TestWithoutAContainerNetworkAContainerVMSaysWhatIsMissing(t *testing.T) {
	l := newLab(t, options{rig: "test", datastoreCapacity: 100, datastoreFree: -1})
	err := l.done(l.node("w1").PowerOn)
	if err == nil || !strings.Contains(reason(err), "-container-network") {
		t.Fatalf("found %v", err)
	}
}
