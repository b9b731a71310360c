package main

import (
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestAMACOfOnesOwnInARangeOfVMwaresStopsTheStart(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	card := object.VirtualDeviceList(l.properties(vm).Config.Hardware.Device).SelectByType((*types.VirtualEthernetCard)(nil))[0].(types.BaseVirtualEthernetCard)
	if kind := card.GetVirtualEthernetCard().AddressType; kind != "generated" {
		t.Errorf("the host's own MAC is called %q", kind)
	}
	for mac, wanted := range map[string]bool{"00:50:56:80:00:01": false, "00:0c:29:00:00:01": false, "00:50:56:3f:00:01": true, "52:54:00:00:00:01": true} {
		card.GetVirtualEthernetCard().AddressType, card.GetVirtualEthernetCard().MacAddress = "manual", mac
		l.must(vm.EditDevice(t.Context(), card.(types.BaseVirtualDevice)))
		err := l.done(vm.PowerOn)
		if wanted != (err == nil) || err != nil && !strings.Contains(reason(err), mac+" is not an allowed static Ethernet address") {
			t.Errorf("%s: found %v", mac, err)
		}
		if err == nil {
			l.must(l.done(vm.PowerOff))
		}
	}
}
