package main

import (
	"fmt"
	"net/netip"
	"sync"
)

// reservations hands each VM an address and keeps it for that VM until released, as DHCP reservations would.
type reservations struct {
	subnet  netip.Prefix
	part    netip.Prefix // of the subnet, from which addresses are given
	gateway netip.Addr

	mu     sync.Mutex
	byName map[string]netip.Addr
}

func newReservations(subnet, part netip.Prefix, gateway netip.Addr) *reservations {
	if !part.IsValid() {
		part = subnet
	}
	return &reservations{subnet: subnet, part: part, gateway: gateway, byName: map[string]netip.Addr{}}
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
	taken[r.subnet.Addr()] = true // the first and the last address of a subnet are its network and broadcast addresses
	for address := r.part.Addr(); r.part.Contains(address) && r.subnet.Contains(address.Next()); address = address.Next() {
		if !taken[address] {
			r.byName[vm] = address
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address left in %s (%d VMs); destroy VMs or choose a larger subnet", r.part, len(r.byName))
}

// release frees the VM's address; a VM without one is no error.
func (r *reservations) release(vm string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, vm)
}
