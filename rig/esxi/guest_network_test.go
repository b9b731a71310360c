package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const staticNetwork = `instance-id: w1
network:
  version: 2
  ethernets:
    eth0: {match: {macaddress: "00:50:56:00:00:01"}, addresses: [10.9.0.6/29]}
`

func (l *lab) static(name, metadata string) *object.VirtualMachine {
	l.Helper()
	vm := l.node(name)
	task, err := vm.Reconfigure(l.Context(), types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: "guestinfo.metadata", Value: metadata},
	}})
	l.must(err)
	l.must(task.Wait(l.Context()))
	return vm
}

func TestAGuestThatConfiguresItsNetworkIsReportedWithTheAddressThatItHas(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.static("w1", staticNetwork)
	l.must(l.done(vm.PowerOn))
	if environment, err := os.ReadFile(filepath.Join(l.engineDir, "environment")); err != nil || !strings.Contains(string(environment), "KUBELAB_NETWORK=guest\n") {
		t.Errorf("the machine is not told to configure its network (%v)", err)
	}
	if found := l.properties(vm).Guest; found.IpAddress != "" || len(found.Net) > 0 {
		t.Errorf("an address is reported that the guest has not: %+v", found)
	}
	l.must(os.WriteFile(filepath.Join(l.engineDir, "addresses"), []byte("2: eth0    inet 10.9.0.6/29 brd 10.9.0.7 scope global eth0\n"), 0o600))
	for deadline := time.Now().Add(20 * time.Second); l.properties(vm).Guest.IpAddress != "10.9.0.6"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("found %+v", l.properties(vm).Guest)
		}
	}
}

func TestGuestDataWithoutANetworkLeaveItToDHCP(t *testing.T) {
	l := newLab(t, containerOptions())
	for name, metadata := range map[string]string{"w1": "instance-id: w1\n", "w2": "network: [broken\n"} {
		vm := l.static(name, metadata)
		l.must(l.done(vm.PowerOn))
		if found := l.properties(vm).Guest.IpAddress; !strings.HasPrefix(found, "10.9.0.") {
			t.Errorf("%s: found %q", name, found)
		}
	}
}
