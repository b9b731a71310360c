package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
)

// realMachines backs VMs by QEMU processes: one per VM from power-on to power-off. Suspended ones keep their process,
// which holds the guest's memory, so that none of them outlives the host.
type realMachines struct {
	bridge      string
	subnet      netip.Prefix
	leases      qemu.Leases
	accelerator qemu.Accelerator // where a VM names none
	registry    *simulator.Registry
	tap         func(bridge string) (*os.File, error)

	mu      sync.Mutex
	running map[types.ManagedObjectReference]*liveMachine
	closed  bool
}

// liveMachine is a VM's process. All but the process is read and written with the VM's lock held.
type liveMachine struct {
	process *qemu.Process
	mac     string
	disks   map[string]diskSize // by the descriptor's datastore path
	began   time.Time           // its guest's boot; leases of earlier ones are not its own
	lease   *qemu.Lease         // nil until the guest has one
	again   bool                // the guest was asked to restart
}

type diskSize struct {
	disk     qemu.Disk
	capacity int64
}

// newRealMachines returns nil when the flags name no bridge.
func newRealMachines(opts options) (*realMachines, error) {
	if opts.bridge == "" {
		return nil, nil
	}
	subnet, _, err := opts.containerSubnet()
	if err != nil {
		return nil, err
	}
	accelerator, err := qemu.ParseAccelerator(opts.accelerator)
	if err != nil {
		return nil, err
	}
	return &realMachines{
		bridge:      opts.bridge,
		subnet:      subnet,
		leases:      qemu.Leases{File: opts.leases, Time: opts.leaseTime},
		accelerator: accelerator,
		tap:         qemu.Tap,
		running:     map[types.ManagedObjectReference]*liveMachine{},
	}, nil
}

// runs tells whether the VM has a process.
func (r *realMachines) runs(vm types.ManagedObjectReference) bool { return r.of(vm) != nil }

// close cuts the power of every machine; none can be powered on afterwards.
func (r *realMachines) close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	left := r.running
	r.running = map[types.ManagedObjectReference]*liveMachine{}
	r.mu.Unlock()
	for vm, live := range left {
		if err := live.process.Kill(ctx); err != nil {
			return fmt.Errorf("ending machine %s: %w", vm.Value, err)
		}
	}
	return nil
}

func (r *realMachines) start(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	started, err := r.launch(ctx, vm)
	if err != nil {
		return fmt.Errorf("starting %s: %w", vm.Name, err)
	}
	r.mu.Lock()
	closed := r.closed
	if !closed {
		r.running[vm.Self] = started
	}
	r.mu.Unlock()
	if closed {
		return errors.Join(fmt.Errorf("starting %s: the host is shutting down", vm.Name), started.process.Kill(ctx))
	}
	reportOn(ctx, vm)
	go r.attend(vm.Self, started)
	return nil
}

func (r *realMachines) resume(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	live := r.of(vm.Self)
	if live == nil {
		return fmt.Errorf("resuming %s: its process is gone; power it off", vm.Name)
	}
	if err := live.process.Continue(); err != nil {
		return err
	}
	reportOn(ctx, vm)
	if live.lease != nil {
		r.report(ctx, vm, live)
	}
	return nil
}

func (r *realMachines) cut(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if err := r.end(ctx, vm.Self); err != nil {
		return fmt.Errorf("cutting the power of %s: %w", vm.Name, err)
	}
	reportOff(ctx, vm)
	return nil
}

func (r *realMachines) reset(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	live := r.of(vm.Self)
	if live == nil {
		return fmt.Errorf("resetting %s: its process is gone", vm.Name)
	}
	if err := live.process.Reset(); err != nil {
		return err
	}
	r.beginAnew(ctx, vm, live)
	return nil
}

// suspend holds the machine where it is: its memory stays in the process, and is lost with the host.
func (r *realMachines) suspend(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	live := r.of(vm.Self)
	if live == nil {
		return failed(fmt.Errorf("suspending %s: its process is gone", vm.Name))
	}
	if err := live.process.Pause(); err != nil {
		return failed(err)
	}
	reportSuspended(ctx, vm)
	return nil
}

func (r *realMachines) shutDown(_ *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	return r.press(vm, false)
}

func (r *realMachines) reboot(_ *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	return r.press(vm, true)
}

// press asks the guest by the power button to shut down, as VMware Tools would, if it is one that listens by now. It is
// started again once it is off if that is wanted.
func (r *realMachines) press(vm *simulator.VirtualMachine, again bool) types.BaseMethodFault {
	live := r.of(vm.Self)
	if live == nil || live.lease == nil {
		return new(types.ToolsUnavailable)
	}
	live.again = again
	return failed(live.process.PowerButton())
}

// reconfigured gives a running guest what can be given to it: more of a disk.
func (r *realMachines) reconfigured(vm *simulator.VirtualMachine) error {
	live := r.of(vm.Self)
	if live == nil {
		return nil
	}
	for _, disk := range disksOf(vm) {
		known, ok := live.disks[disk.path]
		if !ok || disk.capacity <= known.capacity {
			continue
		}
		if err := live.process.Resize(known.disk, disk.capacity); err != nil {
			return fmt.Errorf("growing disk %s of %s: %w", disk.path, vm.Name, err)
		}
		live.disks[disk.path] = diskSize{known.disk, disk.capacity}
	}
	return nil
}

func (r *realMachines) forget(ctx context.Context, vm types.ManagedObjectReference) error {
	return r.end(ctx, vm) // a suspended one has a process
}

func (r *realMachines) of(vm types.ManagedObjectReference) *liveMachine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running[vm]
}

// end ends the VM's process if it has one; nobody takes that for the guest's doing then.
func (r *realMachines) end(ctx context.Context, vm types.ManagedObjectReference) error {
	r.mu.Lock()
	live := r.running[vm]
	delete(r.running, vm)
	r.mu.Unlock()
	if live == nil {
		return nil
	}
	return live.process.Kill(ctx)
}
