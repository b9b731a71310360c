package main

import (
	"context"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// backing is what a VM runs as while it is powered on. Each method is called with the VM's lock held, in a power state
// that allows it, and brings what the VM reports up to date.
type backing interface {
	start(ctx *simulator.Context, vm *simulator.VirtualMachine) error
	resume(ctx *simulator.Context, vm *simulator.VirtualMachine) error
	cut(ctx *simulator.Context, vm *simulator.VirtualMachine) error
	reset(ctx *simulator.Context, vm *simulator.VirtualMachine) error
	suspend(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault
	// shutDown and reboot ask the guest; a fault is one that ESXi answers before it asks.
	shutDown(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault
	reboot(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault
	// reconfigured is told of a VM's new configuration.
	reconfigured(vm *simulator.VirtualMachine) error
	// forget ends what a VM without power still has.
	forget(ctx context.Context, vm types.ManagedObjectReference) error
}

// backedVM is a VM that runs as something: the simulator's VM with power operations of its own.
type backedVM struct {
	*simulator.VirtualMachine
	backing backing
}

func (vm *backedVM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOn", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		switch vm.Runtime.PowerState {
		case types.VirtualMachinePowerStatePoweredOff:
			return nil, failed(vm.backing.start(ctx, vm.VirtualMachine))
		case types.VirtualMachinePowerStateSuspended:
			return nil, failed(vm.backing.resume(ctx, vm.VirtualMachine))
		default:
			return nil, vm.wrongState(types.VirtualMachinePowerStatePoweredOn)
		}
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) PowerOffVMTask(ctx *simulator.Context, _ *types.PowerOffVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOff", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
			return nil, vm.wrongState(types.VirtualMachinePowerStatePoweredOff)
		}
		return nil, failed(vm.backing.cut(ctx, vm.VirtualMachine))
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) ResetVMTask(ctx *simulator.Context, _ *types.ResetVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "reset", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if !vm.isOn() {
			return nil, vm.wrongState(types.VirtualMachinePowerStatePoweredOn)
		}
		return nil, failed(vm.backing.reset(ctx, vm.VirtualMachine))
	})
	return &methods.ResetVM_TaskBody{Res: &types.ResetVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) SuspendVMTask(ctx *simulator.Context, _ *types.SuspendVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "suspend", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if !vm.isOn() {
			return nil, vm.wrongState(types.VirtualMachinePowerStateSuspended)
		}
		return nil, vm.backing.suspend(ctx, vm.VirtualMachine)
	})
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) ShutdownGuest(ctx *simulator.Context, _ *types.ShutdownGuest) soap.HasFault {
	if !vm.isOn() {
		return &methods.ShutdownGuestBody{Fault_: simulator.Fault("", vm.wrongState(types.VirtualMachinePowerStatePoweredOff))}
	}
	if fault := vm.backing.shutDown(ctx, vm.VirtualMachine); fault != nil {
		return &methods.ShutdownGuestBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.ShutdownGuestBody{Res: new(types.ShutdownGuestResponse)}
}

func (vm *backedVM) RebootGuest(ctx *simulator.Context, _ *types.RebootGuest) soap.HasFault {
	if !vm.isOn() {
		return &methods.RebootGuestBody{Fault_: simulator.Fault("", vm.wrongState(types.VirtualMachinePowerStatePoweredOn))}
	}
	if fault := vm.backing.reboot(ctx, vm.VirtualMachine); fault != nil {
		return &methods.RebootGuestBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.RebootGuestBody{Res: new(types.RebootGuestResponse)}
}

func (vm *backedVM) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "reconfigVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		_, fault := inner(ctx, vm.VirtualMachine.ReconfigVMTask(ctx, req).(*methods.ReconfigVM_TaskBody).Res.Returnval)
		if fault != nil || !vm.isOn() {
			return nil, fault
		}
		return nil, failed(vm.backing.reconfigured(vm.VirtualMachine))
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	ref := vm.Self
	task := simulator.CreateTask(vm, "destroy", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if fault := destroy(ctx, vm.VirtualMachine, req); fault != nil {
			return nil, fault
		}
		return nil, failed(vm.backing.forget(ctx, ref))
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *backedVM) UnregisterVM(ctx *simulator.Context, req *types.UnregisterVM) soap.HasFault {
	ref := vm.Self
	response := vm.VirtualMachine.UnregisterVM(ctx, req)
	if response.Fault() != nil {
		return response
	}
	if fault := failed(vm.backing.forget(ctx, ref)); fault != nil {
		return &methods.UnregisterVMBody{Fault_: simulator.Fault("", fault)}
	}
	return response
}

func (vm *backedVM) isOn() bool {
	return vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

func (vm *backedVM) wrongState(requested types.VirtualMachinePowerState) types.BaseMethodFault {
	return &types.InvalidPowerState{RequestedState: requested, ExistingState: vm.Runtime.PowerState}
}

// failed turns an error into the fault that ESXi gives when a VM cannot be operated: clients know GenericVmConfigFault
// and show its reason.
func failed(err error) types.BaseMethodFault {
	if err == nil {
		return nil
	}
	return &types.GenericVmConfigFault{Reason: err.Error()}
}
