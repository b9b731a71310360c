package main

import (
	"context"
	"log"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const leasePoll = time.Second

// attend follows a process until it is gone: its guest gets an address, restarts by itself, powers off.
func (r *realMachines) attend(vm types.ManagedObjectReference, live *liveMachine) {
	ticker := time.NewTicker(leasePoll)
	defer ticker.Stop()
	for {
		select {
		case <-live.process.Ended():
			r.locked(vm, live, r.ended)
			return
		case <-live.process.Resets():
			r.locked(vm, live, r.beginAnew)
		case <-ticker.C:
			r.locked(vm, live, r.look)
		}
	}
}

// locked calls what is to be done with the VM's lock held, unless the VM has another process by then.
func (r *realMachines) locked(ref types.ManagedObjectReference, live *liveMachine, do func(*simulator.Context, *simulator.VirtualMachine, *liveMachine)) {
	vm, ok := r.registry.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx := &simulator.Context{Context: context.Background(), Map: r.registry}
	r.registry.WithLock(ctx, vm, func() {
		if r.of(ref) == live {
			do(ctx, vm, live)
		}
	})
}

func (r *realMachines) ended(ctx *simulator.Context, vm *simulator.VirtualMachine, live *liveMachine) {
	r.mu.Lock()
	delete(r.running, vm.Self)
	r.mu.Unlock()
	reportOff(ctx, vm)
	if !live.again {
		return
	}
	if err := r.start(ctx, vm); err != nil {
		log.Printf("VM %s: restarting its guest: %v", vm.Name, err)
	}
}

func (r *realMachines) beginAnew(ctx *simulator.Context, vm *simulator.VirtualMachine, live *liveMachine) {
	live.began, live.lease = time.Now(), nil
	reportSilence(ctx, vm)
}

// look reports the guest's address once DHCP has given it one in this boot.
func (r *realMachines) look(ctx *simulator.Context, vm *simulator.VirtualMachine, live *liveMachine) {
	if live.lease != nil || vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		return
	}
	lease, found, err := r.leases.Since(live.mac, live.began)
	if err != nil {
		log.Printf("VM %s: reading leases: %v", vm.Name, err)
		return
	}
	if found {
		live.lease = &lease
		r.report(ctx, vm, live)
	}
}

func (r *realMachines) report(ctx *simulator.Context, vm *simulator.VirtualMachine, live *liveMachine) {
	name := live.lease.Name
	if name == "" {
		name = vm.Name
	}
	reportTools(ctx, vm, netip.PrefixFrom(live.lease.Address, r.subnet.Bits()), name)
}
