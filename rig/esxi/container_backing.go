package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const shutdownGrace = 30 * time.Second

func (m *machines) start(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := m.powerOn(ctx, vm); err != nil {
		return err
	}
	address, err := m.reservations.Reserve(vm.Self.String())
	if err != nil {
		return err
	}
	reportOn(ctx, vm)
	reportTools(ctx, vm, address, m.reservations.Subnet, vm.Name)
	return nil
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
