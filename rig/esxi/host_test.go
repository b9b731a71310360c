package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestMACsDifferEvenOfManyVMs(t *testing.T) {
	l := newLab(t, containerOptions())
	seen := map[string]string{}
	for i := range 100 {
		name := fmt.Sprintf("w%d", i)
		vm := l.properties(l.node(name))
		mac := firstCard(&simulator.VirtualMachine{VirtualMachine: vm}).GetVirtualEthernetCard().MacAddress
		if other, ok := seen[mac]; ok {
			t.Fatalf("%s and %s both have %s", other, name, mac)
		}
		seen[mac] = name
	}
}

func TestAMissingDatastoreOrNetworkIsAFaultAndTheHostLivesOn(t *testing.T) {
	l := newLab(t, containerOptions())
	if _, err := l.create("w1", "nowhere", "VM Network"); err == nil || !strings.Contains(err.Error(), "InvalidDatastorePath") {
		t.Errorf("missing datastore: %v", err)
	}
	if _, err := l.create("w1", "LocalDS_0", "nowhere"); err == nil || !strings.Contains(err.Error(), "InvalidDeviceSpec") {
		t.Errorf("missing network: %v", err)
	}
	l.node("w1")
}

func TestAFullDatastoreTakesNoVM(t *testing.T) {
	opts := containerOptions()
	opts.datastoreFree = 0
	l := newLab(t, opts)
	if _, err := l.create("w1", "LocalDS_0", "VM Network"); err == nil || !strings.Contains(err.Error(), "NoDiskSpace") {
		t.Fatalf("found %v", err)
	}
}

func TestTheDatastoreKeepsItsSizeOverARefresh(t *testing.T) {
	l := newLab(t, containerOptions())
	datastore, err := l.finder.DefaultDatastore(t.Context())
	l.must(err)
	var found mo.Datastore
	_, err = methods.RefreshDatastore(t.Context(), l.client, &types.RefreshDatastore{This: datastore.Reference()})
	l.must(err)
	l.must(datastore.Properties(t.Context(), datastore.Reference(), []string{"summary"}, &found))
	if found.Summary.Capacity != 100<<30 || found.Summary.FreeSpace != 100<<30 {
		t.Fatalf("found %+v", found.Summary)
	}
}
