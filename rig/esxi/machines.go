package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/engine"
)

// machines backs VMs by containers: one per VM, made at its first power-on and removed with it.
type machines struct {
	engine       engine.Engine
	roots        containerRoots
	reservations *engine.Reservations

	mu         sync.Mutex
	containers map[types.ManagedObjectReference]string // container ids
	closed     bool
	creating   sync.WaitGroup
}

// newMachines returns nil when the flags name no container network.
func newMachines(opts options) (*machines, error) {
	if opts.network == "" {
		return nil, nil
	}
	subnet, gateway, err := opts.containerSubnet()
	if err != nil {
		return nil, err
	}
	part, err := opts.addresses()
	if err != nil {
		return nil, err
	}
	return &machines{
		engine:       engine.Engine{Network: opts.network, Rig: opts.rig, Host: opts.name},
		roots:        containerRoots(opts.containerRoots),
		reservations: engine.NewReservations(subnet, part, gateway),
		containers:   map[types.ManagedObjectReference]string{},
	}, nil
}

// begin removes what a killed predecessor left and begins to watch the containers.
func (m *machines) begin(ctx context.Context, registry *simulator.Registry) error {
	stale, err := m.engine.Own(ctx)
	if err == nil {
		err = m.engine.Remove(ctx, stale...)
	}
	if err != nil {
		return fmt.Errorf("removing containers labelled %s=%s: %w", engine.RigLabel, m.engine.Rig, err)
	}
	go m.watch(ctx, registry)
	return nil
}

// close removes every container; no VM can be powered on afterwards.
func (m *machines) close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	settled := make(chan struct{})
	go func() { m.creating.Wait(); close(settled) }()
	select {
	case <-settled:
	case <-ctx.Done():
		return errors.New("removing the VMs' containers: one is still being started; " + m.byHand())
	}
	ids, err := m.engine.Own(ctx)
	if err == nil {
		err = m.engine.Remove(ctx, ids...)
	}
	if err != nil {
		return fmt.Errorf("removing the VMs' containers: %w; %s", err, m.byHand())
	}
	return nil
}

func (m *machines) byHand() string {
	return fmt.Sprintf("remove those labelled %s=%s by hand", engine.RigLabel, m.engine.Rig)
}

// container returns the id of the VM's container, empty if it has none.
func (m *machines) container(vm types.ManagedObjectReference) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.containers[vm]
}

// powerOn starts the VM's container, which it creates first if there is none.
func (m *machines) powerOn(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return fmt.Errorf("starting %s: the host is shutting down", vm.Name)
	}
	m.creating.Add(1)
	defer m.creating.Done()
	id := m.containers[vm.Self]
	m.mu.Unlock()

	if id == "" {
		spec, err := m.spec(ctx, vm)
		if err != nil {
			return err
		}
		if id, err = m.engine.Create(ctx, spec); err != nil {
			return fmt.Errorf("creating the container of %s: %w", vm.Name, err)
		}
		m.mu.Lock()
		m.containers[vm.Self] = id
		m.mu.Unlock()
	}
	if err := m.engine.Start(ctx, id); err != nil {
		return fmt.Errorf("starting the container of %s: %w", vm.Name, err)
	}
	return nil
}

// forget removes the VM's container and frees its address.
func (m *machines) forget(ctx context.Context, vm types.ManagedObjectReference) error {
	if id := m.container(vm); id != "" {
		if err := m.engine.Remove(ctx, id); err != nil {
			// Somebody else may have removed it.
			if left, listErr := m.engine.Own(ctx); listErr != nil || slices.Contains(left, id) {
				return fmt.Errorf("removing the container of %s: %w", vm.Value, err)
			}
		}
	}
	m.mu.Lock()
	delete(m.containers, vm)
	m.mu.Unlock()
	m.reservations.Release(vm.String())
	return nil
}
