package main

import (
	"fmt"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
	"kubelab/rig/esxi/views"
)

// interceptor sees every call before the simulator does. It sends VMs that run as something to backedVM, and refuses
// what ESXi refuses but the simulator accepts or panics on.
type interceptor struct {
	name           string        // of the host, which its MACs come from
	vcenter        bool          // it is none, but a vCenter
	slow           bool          // it is a vCenter whose operations take their time, without real machines
	machines       *machines     // nil where no VM may be a container
	real           *realMachines // nil where no VM may be a real machine
	uploads        *uploads
	configurations *configurations

	mu   sync.Mutex
	macs map[string]bool
}

func newInterceptor(opts options, machines *machines, real *realMachines, uploads *uploads) *interceptor {
	return &interceptor{
		name: opts.name, vcenter: opts.vcenter, slow: opts.vcenter && real == nil && opts.operationDelay > 0, machines: machines, real: real, uploads: uploads,
		configurations: &configurations{kept: map[string]configuration{}}, macs: map[string]bool{},
	}
}

func (i *interceptor) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if ctx.Session == nil {
		return nil, nil // the simulator answers NotAuthenticated
	}
	if !i.vcenter && onlyOfVCenter(method.Body) {
		return nil, new(types.NotSupported)
	}
	switch request := method.Body.(type) {
	case *types.CreateVM_Task:
		if i.vcenter {
			if fault := uniqueName(ctx, method.This, request.Config.Name); fault != nil {
				return nil, fault
			}
			request.Config.InstanceUuid = freeInstance(ctx, request.Config.InstanceUuid)
		}
		return nil, i.admit(ctx, &request.Config)
	case *types.ReconfigVM_Task:
		fault := i.admit(ctx, &request.Spec)
		if vm, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine); ok && fault == nil {
			if fault = admitGrowth(vm, request.Spec.DeviceChange); fault == nil {
				fault = admitName(ctx, vm, request.Spec.Name)
			}
		}
		if fault != nil || !i.slow && (i.real == nil || !i.real.runs(method.This)) {
			return nil, fault // only a process has to be told
		}
	case *types.ImportVApp:
		if spec, ok := request.Spec.(*types.VirtualMachineImportSpec); ok {
			if fault := i.admit(ctx, &spec.ConfigSpec); fault != nil {
				return nil, fault
			}
			if i.vcenter && request.Folder != nil {
				if fault := uniqueName(ctx, *request.Folder, spec.ConfigSpec.Name); fault != nil {
					return nil, fault
				}
			}
		}
		if pool, ok := ctx.Map.Get(method.This).(*simulator.ResourcePool); ok {
			method.This.Value = ""
			return &importingPool{pool, i.uploads}, nil
		}
		return nil, nil
	case *types.CopyVirtualDisk_Task:
		if i.vcenter && (request.SourceDatacenter == nil || request.DestDatacenter == nil) {
			return nil, &types.InvalidArgument{InvalidProperty: "sourceDatacenter"}
		}
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
	case *types.ModifyListView:
		if list, ok := ctx.Session.Get(method.This).(*simulator.ListView); ok {
			method.This.Value = ""
			return &views.List{ListView: list}, nil
		}
	case *types.UnregisterVM:
		if vm, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine); ok {
			i.configurations.keep(ctx, vm)
		}
	}
	target := i.special(ctx, method)
	if target == nil {
		target = i.wrapped(ctx, ctx.Map.Get(method.This))
	}
	if target != nil {
		// The simulator prefers an object that the session finds by this reference over the one returned here.
		method.This.Value = ""
	}
	return target, nil
}

// special returns the object that answers one call alone in place of the simulator's, nil for all other calls.
func (i *interceptor) special(ctx *simulator.Context, method *simulator.Method) mo.Reference {
	switch target := ctx.Map.Get(method.This).(type) {
	case *simulator.VirtualMachine:
		switch method.Body.(type) {
		case *types.CloneVM_Task:
			return &cloneableVM{target, i}
		case *types.ReconfigVM_Task:
			if i.slow {
				return &slowVM{target}
			}
		case *types.CreateSnapshot_Task, *types.RemoveAllSnapshots_Task:
			if target.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
				return &branchingVM{target}
			}
		case *types.PowerOnVM_Task:
			if target.Config.Template {
				return target // refused by the simulator
			}
			if mac := reservedMAC(target); mac != "" {
				return &refusedVM{target, fmt.Sprintf(reservedMACText, mac)}
			}
		}
	case *simulator.VirtualMachineSnapshot:
		return &removableSnapshot{target}
	case *simulator.StorageResourceManager:
		return &placements{target}
	}
	return nil
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
		return refused(vm, qemuKey, "a real machine", "-bridge")
	case i.machines != nil && container:
		return &backedVM{vm, i.machines}
	case container:
		return refused(vm, containerKey, "a container", "-container-network")
	default:
		return &filesVM{vm}
	}
}

// refusedVM is a VM that does not start.
type refusedVM struct {
	*simulator.VirtualMachine
	reason string
}

// refused is a VM that wants to be what the host was not started for.
func refused(vm *simulator.VirtualMachine, key, kind, flag string) *refusedVM {
	return &refusedVM{vm, fmt.Sprintf("VM %s asks for %s (%s): start the host with %s", vm.Name, kind, key, flag)}
}

func (vm *refusedVM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOn", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, &types.GenericVmConfigFault{Reason: vm.reason}
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task.Run(ctx)}}
}

// sizedDatastore keeps the capacity that the host was started with: the simulator's refresh sets its own.
type sizedDatastore struct{ *simulator.Datastore }

func (d *sizedDatastore) RefreshDatastore(*simulator.Context, *types.RefreshDatastore) soap.HasFault {
	return &methods.RefreshDatastoreBody{Res: new(types.RefreshDatastoreResponse)}
}
