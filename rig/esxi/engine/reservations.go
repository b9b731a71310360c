package engine

import (
	"fmt"
	"net/netip"
	"sync"
)

// Reservations hands each VM an address and keeps it for that VM until released, as DHCP reservations would.
type Reservations struct {
	Subnet  netip.Prefix
	Gateway netip.Addr
	part    netip.Prefix // of the subnet, from which addresses are given

	mu     sync.Mutex
	byName map[string]netip.Addr
}

// NewReservations gives addresses of a part of the subnet, of all of it if there is none.
func NewReservations(subnet, part netip.Prefix, gateway netip.Addr) *Reservations {
	if !part.IsValid() {
		part = subnet
	}
	return &Reservations{Subnet: subnet, part: part, Gateway: gateway, byName: map[string]netip.Addr{}}
}

// Reserve returns the VM's address: the one it has, else the lowest that is free.
func (r *Reservations) Reserve(vm string) (netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if address, ok := r.byName[vm]; ok {
		return address, nil
	}
	taken := map[netip.Addr]bool{r.Gateway: true}
	for _, address := range r.byName {
		taken[address] = true
	}
	taken[r.Subnet.Addr()] = true // the first and the last address of a subnet are its network and broadcast addresses
	for address := r.part.Addr(); r.part.Contains(address) && r.Subnet.Contains(address.Next()); address = address.Next() {
		if !taken[address] {
			r.byName[vm] = address
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address left in %s (%d VMs); destroy VMs or choose a larger subnet", r.part, len(r.byName))
}

// Release frees the VM's address; a VM without one is no error.
func (r *Reservations) Release(vm string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, vm)
}
