package main

import (
	"context"
	"log"
	"runtime"
	"strconv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/engine"
)

const eventsRetry = time.Second

// watch follows guests that power off or restart by themselves, and containers that others stopped.
func (m *machines) watch(ctx context.Context, registry *simulator.Registry) {
	runtime.LockOSThread() // the events command ends with the thread that started it
	since := time.Now()
	for ctx.Err() == nil {
		next := time.Now()
		err := m.engine.Deaths(ctx, strconv.FormatInt(since.Unix(), 10), func(id string) { m.died(ctx, registry, id) })
		if ctx.Err() != nil {
			return
		}
		log.Printf("watching containers: %v; trying again", err)
		since = next
		select {
		case <-ctx.Done():
		case <-time.After(eventsRetry):
		}
	}
}

// died brings the VM's power state up to date after its container ended: a restart by the guest starts it again.
func (m *machines) died(ctx context.Context, registry *simulator.Registry, id string) {
	var ref types.ManagedObjectReference
	m.mu.Lock()
	for vm, container := range m.containers {
		if container == id {
			ref = vm
		}
	}
	m.mu.Unlock()
	vm, ok := registry.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	simulated := &simulator.Context{Context: ctx, Map: registry}
	registry.WithLock(simulated, vm, func() {
		if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
			return
		}
		running, exitCode, err := m.engine.State(ctx, id)
		if err == nil && running {
			return
		}
		if err == nil && exitCode == engine.ExitOfReboot {
			if err = m.engine.Start(ctx, id); err == nil {
				return
			}
		}
		if err != nil {
			log.Printf("VM %s: its container ended: %v", vm.Name, err)
		}
		reportOff(simulated, vm)
	})
}
