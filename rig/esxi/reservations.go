package main

import (
	"fmt"
	"net/netip"
	"sync"
)

// reservations hands each VM an address and keeps it for that VM until released, as DHCP reservations would.
type reservations struct {
	subnet  netip.Prefix
	gateway netip.Addr

	mu     sync.Mutex
	byName map[string]netip.Addr
}

func newReservations(subnet netip.Prefix, gateway netip.Addr) *reservations {
	return &reservations{subnet: subnet, gateway: gateway, byName: map[string]netip.Addr{}}
}

// reserve returns the VM's address: the one it has, else the lowest that is free.
func (r *reservations) reserve(vm string) (netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if address, ok := r.byName[vm]; ok {
		return address, nil
	}
	taken := map[netip.Addr]bool{r.gateway: true}
	for _, address := range r.byName {
		taken[address] = true
	}
	// The first and the last address of a subnet are its network and broadcast addresses.
	for address := r.subnet.Addr().Next(); r.subnet.Contains(address.Next()); address = address.Next() {
		if !taken[address] {
			r.byName[vm] = address
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address left in %s (%d VMs); destroy VMs or choose a larger subnet", r.subnet, len(r.byName))
}

// release frees the VM's address; a VM without one is no error.
func (r *reservations) release(vm string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, vm)
}
