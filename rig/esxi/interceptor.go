package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
)

// interceptor sees every call before the simulator does. It sends VMs that run as something to backedVM, and refuses
// what ESXi refuses but the simulator accepts or panics on.
type interceptor struct {
	machines       *machines     // nil where no VM may be a container
	real           *realMachines // nil where no VM may be a real machine
	uploads        *uploads
	configurations *configurations

	mu   sync.Mutex
	macs map[string]bool
}

func newInterceptor(machines *machines, real *realMachines, uploads *uploads) *interceptor {
	kept := &configurations{kept: map[string]configuration{}}
	return &interceptor{machines: machines, real: real, uploads: uploads, configurations: kept, macs: map[string]bool{}}
}

func (i *interceptor) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil {
		return nil, nil // the simulator answers NotAuthenticated
	}
	if fault := refusal(ctx, method); fault != nil {
		return nil, fault
	}
	switch request := method.Body.(type) {
	case *types.CloneVM_Task:
		if request.Spec.Config != nil {
			if fault := i.admit(ctx, request.Spec.Config); fault != nil {
				return nil, fault
			}
		}
		if vm, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine); ok {
			method.This.Value = ""
			return &cloningVM{vm}, nil
		}
		return nil, nil
	case *types.CreateVM_Task:
		return nil, i.admit(ctx, &request.Config)
	case *types.ReconfigVM_Task:
		if fault := i.admit(ctx, &request.Spec); fault != nil || i.real == nil || !i.real.runs(method.This) {
			return nil, fault // only a process has to be told
		}
	case *types.ImportVApp:
		if spec, ok := request.Spec.(*types.VirtualMachineImportSpec); ok {
			if fault := i.admit(ctx, &spec.ConfigSpec); fault != nil {
				return nil, fault
			}
		}
		if pool, ok := ctx.Map.Get(method.This).(*simulator.ResourcePool); ok {
			method.This.Value = ""
			return &importingPool{pool, i.uploads}, nil
		}
		return nil, nil
	case *types.CopyVirtualDisk_Task:
		if fault := spaceLeft(ctx, request.DestName); fault != nil {
			return nil, fault
		}
		if manager, ok := ctx.Map.Get(method.This).(*simulator.VirtualDiskManager); ok {
			method.This.Value = ""
			return &linkedDisks{manager}, nil
		}
		return nil, nil
	case *types.CreateVirtualDisk_Task:
		return nil, spaceLeft(ctx, request.Name)
	case *types.ExtendVirtualDisk_Task:
		return nil, spaceLeft(ctx, request.Name)
	case *types.RegisterVM_Task:
		if folder, ok := ctx.Map.Get(method.This).(*simulator.Folder); ok {
			method.This.Value = ""
			return &registeringFolder{folder, i.configurations}, nil
		}
	case *types.UnregisterVM:
		if vm, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine); ok {
			i.configurations.keep(ctx, vm)
		}
	}
	target := i.wrapped(ctx, ctx.Map.Get(method.This))
	if target != nil {
		// The simulator prefers an object that the session finds by this reference over the one returned here.
		method.This.Value = ""
	}
	return target, nil
}

// wrapped returns the object that answers in place of the simulator's, nil if that one does.
func (i *interceptor) wrapped(ctx *simulator.Context, target mo.Reference) mo.Reference {
	switch target := target.(type) {
	case *simulator.VirtualMachine:
		return i.backed(ctx, target)
	case *simulator.Datastore:
		return &sizedDatastore{target}
	}
	return nil
}

// backed is the VM as what it runs as. One that became a container stays one.
func (i *interceptor) backed(ctx *simulator.Context, vm *simulator.VirtualMachine) mo.Reference {
	var container, real bool
	ctx.Map.WithLock(ctx, vm, func() {
		_, container = extraConfig(vm, containerKey)
		value, _ := extraConfig(vm, qemuKey)
		_, real, _ = qemu.ParseSettings(value) // what is wrong with it is said when it is started
	})
	switch {
	case i.machines != nil && i.machines.container(vm.Self) != "":
		return &backedVM{vm, i.machines}
	case i.real != nil && (real || i.real.runs(vm.Self)):
		return &backedVM{vm, i.real}
	case real:
		return &refusedVM{vm, qemuKey, "a real machine", "-bridge"}
	case i.machines != nil && container:
		return &backedVM{vm, i.machines}
	case container:
		return &refusedVM{vm, containerKey, "a container", "-container-network"}
	default:
		return &filesVM{vm}
	}
}

// admit checks a VM's specification against the host and gives its new network adapters MACs of their own: the
// simulator's depend on only three hex digits of the VM's UUID.
func (i *interceptor) admit(ctx *simulator.Context, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if spec.Files != nil {
		if fault := spaceLeft(ctx, spec.Files.VmPathName); fault != nil {
			return fault
		}
	}
	networks := names(ctx, "Network")
	for index, change := range spec.DeviceChange {
		device := change.GetVirtualDeviceConfigSpec()
		switch backing := device.Device.GetVirtualDevice().Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			if !slices.Contains(networks, backing.DeviceName) {
				return &types.InvalidDeviceSpec{
					InvalidVmConfig: types.InvalidVmConfig{Property: fmt.Sprintf("deviceChange[%d].device.backing.deviceName", index)},
					DeviceIndex:     int32(index),
				}
			}
		case types.BaseVirtualDeviceFileBackingInfo:
			if file := backing.GetVirtualDeviceFileBackingInfo().FileName; file != "" {
				if fault := datastoreExists(ctx, file); fault != nil {
					return fault
				}
			}
		}
		card, ok := device.Device.(types.BaseVirtualEthernetCard)
		if ok && device.Operation == types.VirtualDeviceConfigSpecOperationAdd && card.GetVirtualEthernetCard().MacAddress == "" {
			card.GetVirtualEthernetCard().MacAddress = i.freeMAC(fmt.Sprintf("%s/%d", spec.Name, index))
		}
	}
	return nil
}

// freeMAC derives a MAC of ESXi's generated range from the seed, the next one if that was given before.
func (i *interceptor) freeMAC(seed string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	for attempt := 0; ; attempt++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", seed, attempt))
		if mac := fmt.Sprintf("00:0c:29:%02x:%02x:%02x", sum[0], sum[1], sum[2]); !i.macs[mac] {
			i.macs[mac] = true
			return mac
		}
	}
}

// datastoreExists refuses a path on a datastore that is not there, which the simulator panics on.
func datastoreExists(ctx *simulator.Context, file string) types.BaseMethodFault {
	var path object.DatastorePath
	if !path.FromString(file) || path.Datastore != "" && !slices.Contains(names(ctx, "Datastore"), path.Datastore) {
		return &types.InvalidDatastorePath{DatastorePath: file}
	}
	return nil
}

// spaceLeft refuses to write to a datastore that is not there or that is full.
func spaceLeft(ctx *simulator.Context, file string) types.BaseMethodFault {
	if fault := datastoreExists(ctx, file); fault != nil {
		return fault
	}
	var path object.DatastorePath
	path.FromString(file)
	for _, entity := range ctx.Map.All("Datastore") {
		datastore := entity.(*simulator.Datastore)
		if datastore.Name == path.Datastore && datastore.Summary.FreeSpace <= 0 {
			return &types.NoDiskSpace{FileFault: types.FileFault{File: file}, Datastore: datastore.Name}
		}
	}
	return nil
}

func names(ctx *simulator.Context, kind string) []string {
	var found []string
	for _, entity := range ctx.Map.All(kind) {
		switch entity := entity.(type) {
		case *simulator.Datastore:
			found = append(found, entity.Name)
		case *mo.Network:
			found = append(found, entity.Name)
		}
	}
	return found
}

// refusedVM is a VM that wants to be what the host was not started for.
type refusedVM struct {
	*simulator.VirtualMachine
	key, kind, flag string
}

func (vm *refusedVM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOn", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, failed(fmt.Errorf("VM %s asks for %s (%s): start the host with %s", vm.Name, vm.kind, vm.key, vm.flag))
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task.Run(ctx)}}
}

// sizedDatastore keeps the capacity that the host was started with: the simulator's refresh sets its own.
type sizedDatastore struct{ *simulator.Datastore }

func (d *sizedDatastore) RefreshDatastore(*simulator.Context, *types.RefreshDatastore) soap.HasFault {
	return &methods.RefreshDatastoreBody{Res: new(types.RefreshDatastoreResponse)}
}
