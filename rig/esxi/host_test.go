package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// lab is a simulated host with a client; its container engine keeps its state in a directory.
type lab struct {
	*testing.T
	machines  *machines
	registry  *simulator.Registry
	client    *govmomi.Client
	finder    *find.Finder
	engineDir string
}

func newLab(t *testing.T, opts options) *lab {
	t.Helper()
	l := &lab{T: t, engineDir: t.TempDir()}
	stub, err := filepath.Abs("testdata")
	l.must(err)
	t.Setenv("PATH", stub+":"+os.Getenv("PATH"))
	t.Setenv("ENGINE_STATE", l.engineDir)
	l.machines, err = newMachines(opts)
	l.must(err)

	model := simulator.ESX()
	model.Machine = 0
	l.must(model.Create())
	t.Cleanup(model.Remove)
	describe(model.Map(), opts)
	l.registry = model.Map()
	l.registry.Handler = newInterceptor(l.machines).handle
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("root", "secret")}
	server := model.Service.NewServer()
	t.Cleanup(server.Close)

	l.client, err = govmomi.NewClient(t.Context(), server.URL, true)
	l.must(err)
	l.finder = find.NewFinder(l.client.Client)
	datacenter, err := l.finder.DefaultDatacenter(t.Context())
	l.must(err)
	l.finder.SetDatacenter(datacenter)
	return l
}

func containerOptions() options {
	return options{rig: "test", network: "rig", subnet: "10.9.0.0/29", gateway: "10.9.0.1", datastoreCapacity: 100, datastoreFree: -1}
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) create(name, datastore, network string) (*object.VirtualMachine, error) {
	l.Helper()
	folders, err := object.NewDatacenter(l.client.Client, l.registry.Any("Datacenter").Reference()).Folders(l.Context())
	l.must(err)
	pool, err := l.finder.DefaultResourcePool(l.Context())
	l.must(err)
	card := &types.VirtualVmxnet3{}
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: network}}
	task, err := folders.VmFolder.CreateVM(l.Context(), types.VirtualMachineConfigSpec{
		Name:       name,
		Annotation: "mine",
		Files:      &types.VirtualMachineFileInfo{VmPathName: fmt.Sprintf("[%s] %s", datastore, name)},
		ExtraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: containerKey, Value: `["--device-cgroup-rule=a *:* rwm", "node:1"]`},
			&types.OptionValue{Key: "guestinfo.userdata", Value: "c2VjcmV0"},
		},
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: card}},
	}, pool, nil)
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(l.Context())
	if err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference)), nil
}

func (l *lab) node(name string) *object.VirtualMachine {
	l.Helper()
	vm, err := l.create(name, "LocalDS_0", "VM Network")
	l.must(err)
	return vm
}

type operation func(context.Context) (*object.Task, error)

func (l *lab) done(start operation) error {
	l.Helper()
	task, err := start(l.Context())
	if err != nil {
		return err
	}
	return task.Wait(l.Context())
}

func (l *lab) properties(vm *object.VirtualMachine) mo.VirtualMachine {
	l.Helper()
	var found mo.VirtualMachine
	l.must(vm.Properties(l.Context(), vm.Reference(), []string{"config", "guest", "runtime.powerState"}, &found))
	return found
}

func (l *lab) calls() string {
	content, _ := os.ReadFile(filepath.Join(l.engineDir, "calls"))
	return string(content)
}

func (l *lab) containers() []string {
	ids, err := l.machines.engine.own(l.Context())
	l.must(err)
	return ids
}

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
	l.must(l.machines.engine.remove(t.Context(), l.containers()...))
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
	end(exitOfReboot)
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

func TestMACsDifferEvenOfManyVMs(t *testing.T) {
	l := newLab(t, containerOptions())
	seen := map[string]string{}
	for i := range 100 {
		name := fmt.Sprintf("w%d", i)
		vm := l.properties(l.node(name))
		mac := firstCard(&simulator.VirtualMachine{VirtualMachine: vm}).GetVirtualEthernetCard().MacAddress
		if other, ok := seen[mac]; ok {
			t.Fatalf("%s and %s both have %s", other, name, mac)
		}
		seen[mac] = name
	}
}

func TestAMissingDatastoreOrNetworkIsAFaultAndTheHostLivesOn(t *testing.T) {
	l := newLab(t, containerOptions())
	if _, err := l.create("w1", "nowhere", "VM Network"); err == nil || !strings.Contains(err.Error(), "InvalidDatastorePath") {
		t.Errorf("missing datastore: %v", err)
	}
	if _, err := l.create("w1", "LocalDS_0", "nowhere"); err == nil || !strings.Contains(err.Error(), "InvalidDeviceSpec") {
		t.Errorf("missing network: %v", err)
	}
	l.node("w1")
}

func TestAFullDatastoreTakesNoVM(t *testing.T) {
	opts := containerOptions()
	opts.datastoreFree = 0
	l := newLab(t, opts)
	if _, err := l.create("w1", "LocalDS_0", "VM Network"); err == nil || !strings.Contains(err.Error(), "NoDiskSpace") {
		t.Fatalf("found %v", err)
	}
}

func TestTheDatastoreKeepsItsSizeOverARefresh(t *testing.T) {
	l := newLab(t, containerOptions())
	datastore, err := l.finder.DefaultDatastore(t.Context())
	l.must(err)
	var found mo.Datastore
	_, err = methods.RefreshDatastore(t.Context(), l.client, &types.RefreshDatastore{This: datastore.Reference()})
	l.must(err)
	l.must(datastore.Properties(t.Context(), datastore.Reference(), []string{"summary"}, &found))
	if found.Summary.Capacity != 100<<30 || found.Summary.FreeSpace != 100<<30 {
		t.Fatalf("found %+v", found.Summary)
	}
}

func TestWithoutAContainerNetworkAContainerVMSaysWhatIsMissing(t *testing.T) {
	l := newLab(t, options{rig: "test", datastoreCapacity: 100, datastoreFree: -1})
	err := l.done(l.node("w1").PowerOn)
	if err == nil || !strings.Contains(reason(err), "-container-network") {
		t.Fatalf("found %v", err)
	}
}

// reason digs the text out of a task's fault.
func reason(err error) string {
	if fault, ok := err.(interface{ Fault() types.BaseMethodFault }); ok {
		if generic, ok := fault.Fault().(*types.GenericVmConfigFault); ok {
			return generic.Reason
		}
	}
	return err.Error()
}

func TestReservationsGiveTheLowestFreeAddressAndSkipTheGateway(t *testing.T) {
	r := newReservations(netip.MustParsePrefix("10.9.0.0/29"), netip.MustParseAddr("10.9.0.2"))
	for _, step := range []struct{ vm, wanted string }{{"a", "10.9.0.1"}, {"b", "10.9.0.3"}, {"a", "10.9.0.1"}} {
		if address, err := r.reserve(step.vm); err != nil || address.String() != step.wanted {
			t.Fatalf("%s: found %s (%v), wanted %s", step.vm, address, err, step.wanted)
		}
	}
	r.release("a")
	if address, err := r.reserve("c"); err != nil || address.String() != "10.9.0.1" {
		t.Fatalf("after a release: found %s (%v)", address, err)
	}
}

func TestRunContainerIsAnImageOrAListEndingInOne(t *testing.T) {
	for value, wanted := range map[string]int{"node:1": 1, `["--tmpfs=/run", "node:1"]`: 2, "": 0, "[]": 0, `["a", 1]`: 0, "[broken": 0} {
		arguments, err := parseArguments(value)
		if len(arguments) != wanted || (err == nil) != (wanted > 0) {
			t.Errorf("%q: found %q, %v", value, arguments, err)
		}
	}
}

func TestEveryFaultOfTheFlagsIsReportedAtOnce(t *testing.T) {
	_, err := parse([]string{"-listen", "0.0.0.0:1", "-datastore-free-gib", "5000", "-container-network", "n", "-container-subnet", "x", "stray"})
	for _, wanted := range []string{"stray", "-password-file", "-tls-cert", "-tls-key", "loopback", "5000", "-container-subnet"} {
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%v does not mention %s", err, wanted)
		}
	}
}

func TestGoodFlagsPass(t *testing.T) {
	if _, err := parse([]string{"-password-file", "p", "-tls-cert", "c", "-tls-key", "k", "-container-network", "n", "-container-subnet", "10.87.0.0/24", "-container-gateway", "10.87.0.1"}); err != nil {
		t.Fatal(err)
	}
}
