package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const shutdownGrace = 30 * time.Second

// containerVM is a VM that is backed by a container: the simulator's VM with power operations of its own.
type containerVM struct {
	*simulator.VirtualMachine
	machines *machines
}

func (vm *containerVM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOn", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, vm.powerOn(ctx)
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *containerVM) PowerOffVMTask(ctx *simulator.Context, _ *types.PowerOffVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "powerOff", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, vm.powerOff(ctx)
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *containerVM) ResetVMTask(ctx *simulator.Context, _ *types.ResetVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "reset", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if fault := vm.powerOff(ctx); fault != nil {
			return nil, fault
		}
		return nil, vm.powerOn(ctx)
	})
	return &methods.ResetVM_TaskBody{Res: &types.ResetVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *containerVM) SuspendVMTask(*simulator.Context, *types.SuspendVM_Task) soap.HasFault {
	return &methods.SuspendVM_TaskBody{Fault_: simulator.Fault("a VM backed by a container cannot be suspended", new(types.NotSupported))}
}

func (vm *containerVM) ShutdownGuest(ctx *simulator.Context, _ *types.ShutdownGuest) soap.HasFault {
	if fault := vm.mustBe(types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOff); fault != nil {
		return &methods.ShutdownGuestBody{Fault_: simulator.Fault("", fault)}
	}
	simulator.CreateTask(vm, "shutdownGuest", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if err := vm.machines.engine.stop(ctx, vm.machines.container(vm.Self), shutdownGrace); err != nil {
			return nil, failed(err)
		}
		reportOff(ctx, vm.VirtualMachine)
		return nil, nil
	}).Run(ctx)
	return &methods.ShutdownGuestBody{Res: new(types.ShutdownGuestResponse)}
}

func (vm *containerVM) RebootGuest(ctx *simulator.Context, _ *types.RebootGuest) soap.HasFault {
	if fault := vm.mustBe(types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOn); fault != nil {
		return &methods.RebootGuestBody{Fault_: simulator.Fault("", fault)}
	}
	simulator.CreateTask(vm, "rebootGuest", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if err := vm.machines.engine.stop(ctx, vm.machines.container(vm.Self), shutdownGrace); err != nil {
			return nil, failed(err)
		}
		reportOff(ctx, vm.VirtualMachine)
		return nil, vm.powerOn(ctx)
	}).Run(ctx)
	return &methods.RebootGuestBody{Res: new(types.RebootGuestResponse)}
}

func (vm *containerVM) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	ref := vm.Self
	task := simulator.CreateTask(vm, "destroy", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if fault := destroy(ctx, vm.VirtualMachine, req); fault != nil {
			return nil, fault
		}
		return nil, failed(vm.machines.forget(ctx, ref))
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *containerVM) UnregisterVM(ctx *simulator.Context, req *types.UnregisterVM) soap.HasFault {
	ref := vm.Self
	response := vm.VirtualMachine.UnregisterVM(ctx, req)
	if response.Fault() != nil {
		return response
	}
	if fault := failed(vm.machines.forget(ctx, ref)); fault != nil {
		return &methods.UnregisterVMBody{Fault_: simulator.Fault("", fault)}
	}
	return response
}

func (vm *containerVM) powerOn(ctx *simulator.Context) types.BaseMethodFault {
	if fault := vm.mustBe(types.VirtualMachinePowerStatePoweredOff, types.VirtualMachinePowerStatePoweredOn); fault != nil {
		return fault
	}
	if err := vm.machines.powerOn(ctx, vm.VirtualMachine); err != nil {
		return failed(err)
	}
	address, err := vm.address()
	if err != nil {
		return failed(err)
	}
	reportOn(ctx, vm.VirtualMachine, address, vm.machines.reservations.subnet)
	return nil
}

func (vm *containerVM) address() (netip.Addr, error) {
	return vm.machines.reservations.reserve(vm.Self.String())
}

func (vm *containerVM) powerOff(ctx *simulator.Context) types.BaseMethodFault {
	if fault := vm.mustBe(types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOff); fault != nil {
		return fault
	}
	if err := vm.machines.engine.kill(ctx, vm.machines.container(vm.Self)); err != nil {
		return failed(fmt.Errorf("stopping the container of %s: %w", vm.Name, err))
	}
	reportOff(ctx, vm.VirtualMachine)
	return nil
}

func (vm *containerVM) mustBe(existing, requested types.VirtualMachinePowerState) types.BaseMethodFault {
	if found := vm.Runtime.PowerState; found != existing {
		return &types.InvalidPowerState{RequestedState: requested, ExistingState: found}
	}
	return nil
}

// failed turns an error into the fault that ESXi gives when a VM cannot be operated: clients know GenericVmConfigFault
// and show its reason.
func failed(err error) types.BaseMethodFault {
	if err == nil {
		return nil
	}
	return &types.GenericVmConfigFault{Reason: err.Error()}
}
