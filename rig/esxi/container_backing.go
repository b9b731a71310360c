package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	shutdownGrace = 30 * time.Second
	guestLook     = time.Second
	guestLooks    = 1800 // for half an hour
)

func (m *machines) start(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := m.powerOn(ctx, vm); err != nil {
		return err
	}
	reportOn(ctx, vm)
	if networkOfGuest(vm) != nil {
		go m.follow(ctx, vm, m.container(vm.Self))
		return nil
	}
	address, err := m.reservations.Reserve(vm.Self.String())
	if err != nil {
		return err
	}
	reportTools(ctx, vm, netip.PrefixFrom(address, m.reservations.Subnet.Bits()), vm.Name)
	return nil
}

// follow reports the address of a guest that configures its network by itself, once it has one. One that never has is
// never reported, as by VMware Tools.
func (m *machines) follow(ctx *simulator.Context, vm *simulator.VirtualMachine, id string) {
	// The call that started the VM has an end of its own, and the locks that it holds.
	own := &simulator.Context{Context: context.WithoutCancel(ctx), Map: ctx.Map}
	for range guestLooks {
		address, err := m.engine.Address(own, id)
		over := false
		own.Map.WithLock(own, vm, func() {
			over = vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || m.container(vm.Self) != id
			if !over && err == nil {
				reportTools(own, vm, address, vm.Name)
				over = true
			}
		})
		if over {
			return
		}
		time.Sleep(guestLook)
	}
}

func (m *machines) cut(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := m.engine.Kill(ctx, m.container(vm.Self)); err != nil {
		return fmt.Errorf("stopping the container of %s: %w", vm.Name, err)
	}
	reportOff(ctx, vm)
	return nil
}

func (m *machines) reset(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := m.cut(ctx, vm); err != nil {
		return err
	}
	return m.start(ctx, vm)
}

func (m *machines) shutDown(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	simulator.CreateTask(vm, "shutdownGuest", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, failed(m.stop(ctx, vm))
	}).Run(ctx)
	return nil
}

func (m *machines) reboot(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	simulator.CreateTask(vm, "rebootGuest", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if err := m.stop(ctx, vm); err != nil {
			return nil, failed(err)
		}
		return nil, failed(m.start(ctx, vm))
	}).Run(ctx)
	return nil
}

func (m *machines) stop(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := m.engine.Stop(ctx, m.container(vm.Self), shutdownGrace); err != nil {
		return err
	}
	reportOff(ctx, vm)
	return nil
}

func (m *machines) suspend(*simulator.Context, *simulator.VirtualMachine) types.BaseMethodFault {
	return new(types.NotSupported) // a container's processes cannot be held for long: their peers would give up
}

func (m *machines) resume(*simulator.Context, *simulator.VirtualMachine) error { return nil }

func (m *machines) reconfigured(*simulator.VirtualMachine) error { return nil }
