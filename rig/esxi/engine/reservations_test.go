package engine

import (
	"net/netip"
	"testing"
)

func TestReservationsGiveTheLowestFreeAddressAndSkipTheGateway(t *testing.T) {
	r := NewReservations(netip.MustParsePrefix("10.9.0.0/29"), netip.Prefix{}, netip.MustParseAddr("10.9.0.2"))
	for _, step := range []struct{ vm, wanted string }{{"a", "10.9.0.1"}, {"b", "10.9.0.3"}, {"a", "10.9.0.1"}} {
		if address, err := r.Reserve(step.vm); err != nil || address.String() != step.wanted {
			t.Fatalf("%s: found %s (%v), wanted %s", step.vm, address, err, step.wanted)
		}
	}
	r.Release("a")
	if address, err := r.Reserve("c"); err != nil || address.String() != "10.9.0.1" {
		t.Fatalf("after a release: found %s (%v)", address, err)
	}
}
