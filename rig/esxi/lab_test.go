package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// lab is a simulated host with a client; its container engine keeps its state in a directory.
type lab struct {
	*testing.T
	machines  *machines
	real      *realMachines
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
	l.real, err = newRealMachines(opts)
	l.must(err)

	model, err := newModel(opts.vcenter)
	l.must(err)
	t.Cleanup(model.Remove)
	describe(model.Map(), opts)
	l.registry = model.Map()
	uploads, err := comeBetween(model, opts, l.machines, l.real)
	l.must(err)
	if uploads.host != nil {
		t.Cleanup(func() { _ = uploads.host.listener.Close() })
	}
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
	return options{name: "esxi", rig: "test", network: "rig", subnet: "10.9.0.0/29", gateway: "10.9.0.1", datastoreCapacity: 100, datastoreFree: -1}
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
	ids, err := l.machines.engine.Own(l.Context())
	l.must(err)
	return ids
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
