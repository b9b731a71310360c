package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const patience = 20 * time.Second

// realLab is a lab whose machines run by a QEMU made of a shell (testdata), on a host with one VM.
type realLab struct {
	*lab
	vm     *object.VirtualMachine
	state  string // the fake's directory
	leases string
}

func newRealLab(t *testing.T) *realLab {
	t.Helper()
	state := t.TempDir()
	t.Setenv("QEMU_STATE", state)
	opts := containerOptions()
	opts.bridge, opts.leases, opts.leaseTime, opts.accelerator = "br0", filepath.Join(state, "leases"), time.Hour, "tcg"
	r := &realLab{lab: newLab(t, opts), state: state, leases: opts.leases}
	r.real.tap = func(string) (*os.File, error) { return os.Open(os.DevNull) }
	t.Cleanup(func() { r.must(r.real.close(context.Background())) })
	r.vm = r.realNode("w1", `{}`)
	return r
}

// realNode makes a VM with one disk on a pvscsi controller, as the provider does.
func (r *realLab) realNode(name, settings string) *object.VirtualMachine {
	r.Helper()
	vm := r.node(name)
	devices := object.VirtualDeviceList{}
	controller, err := devices.CreateSCSIController("pvscsi")
	r.must(err)
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), types.ManagedObjectReference{}, fmt.Sprintf("[LocalDS_0] %s/%s.vmdk", name, name))
	disk.CapacityInKB = 1024 * 1024
	disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Datastore = nil
	r.must(vm.AddDevice(r.Context(), controller, disk))
	r.reconfigure(vm, types.VirtualMachineConfigSpec{
		NumCPUs: 2, MemoryMB: 2048, NestedHVEnabled: types.NewBool(true),
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: qemuKey, Value: settings}},
	})
	return vm
}

func (r *realLab) reconfigure(vm *object.VirtualMachine, spec types.VirtualMachineConfigSpec) {
	r.Helper()
	task, err := vm.Reconfigure(r.Context(), spec)
	r.must(err)
	r.must(task.Wait(r.Context()))
}

func (r *realLab) said(file string) string {
	content, _ := os.ReadFile(filepath.Join(r.state, file))
	return string(content)
}

// guest says what the guest does next.
func (r *realLab) guest(does string) {
	r.Helper()
	r.must(os.WriteFile(filepath.Join(r.state, "guest.new"), []byte(does), 0o600))
	r.must(os.Rename(filepath.Join(r.state, "guest.new"), filepath.Join(r.state, "guest")))
}

// lease gives the VM an address, as dnsmasq would at this moment.
func (r *realLab) lease(address string) {
	r.Helper()
	mac := firstCard(&simulator.VirtualMachine{VirtualMachine: r.properties(r.vm)}).GetVirtualEthernetCard().MacAddress
	line := fmt.Sprintf("%d %s %s debian ff:01\n", time.Now().Add(time.Hour).Unix()+1, mac, address)
	r.must(os.WriteFile(r.leases, []byte(line), 0o600))
}

func (r *realLab) until(wanted string, holds func() bool) {
	r.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			found := r.properties(r.vm)
			r.Fatalf("not %s within %s: %s, tools %s, address %q", wanted, patience, found.Runtime.PowerState, found.Guest.ToolsRunningStatus, found.Guest.IpAddress)
		}
	}
}

func (r *realLab) untilState(state types.VirtualMachinePowerState) {
	r.Helper()
	r.until(string(state), func() bool { return r.properties(r.vm).Runtime.PowerState == state })
}

func (r *realLab) untilAddress(address string) {
	r.Helper()
	r.until("at "+address, func() bool { return r.properties(r.vm).Guest.IpAddress == address })
}

func (r *realLab) starts() int { return strings.Count(r.said("calls"), "-nodefaults") }
