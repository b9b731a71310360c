package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestWhatAVCenterRefusesOfAClone(t *testing.T) {
	v := newVCenterLab(t)
	other := v.create("other", "/DC0/vm")
	_, err := v.clone("taken", v.spec(false))
	v.must(err)
	missing := func(kind string) *types.ManagedObjectReference {
		return &types.ManagedObjectReference{Type: kind, Value: "none-1"}
	}
	for wanted, change := range map[string]func(*types.VirtualMachineCloneSpec){
		"InvalidArgument: no pool":             func(s *types.VirtualMachineCloneSpec) { s.Location.Pool = nil },
		"ManagedObjectNotFound: pool":          func(s *types.VirtualMachineCloneSpec) { s.Location.Pool = missing("ResourcePool") },
		"ManagedObjectNotFound: folder":        func(s *types.VirtualMachineCloneSpec) { s.Location.Folder = missing("Folder") },
		"ManagedObjectNotFound: datastore":     func(s *types.VirtualMachineCloneSpec) { s.Location.Datastore = missing("Datastore") },
		"ManagedObjectNotFound: snapshot":      func(s *types.VirtualMachineCloneSpec) { s.Snapshot = missing("VirtualMachineSnapshot") },
		"InvalidArgument: host of no pool":     func(s *types.VirtualMachineCloneSpec) { s.Location.Host = missing("HostSystem") },
		"InvalidArgument: linked, no snapshot": func(s *types.VirtualMachineCloneSpec) { s.Snapshot = nil },
		"InvalidDeviceSpec: resized while cloned": func(s *types.VirtualMachineCloneSpec) {
			disk := disksIn(v.properties(v.base).Config.Hardware.Device)[0]
			disk.CapacityInKB, disk.CapacityInBytes = 4096, 4096*1024
			s.Config = &types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: disk}}}
		},
	} {
		spec := v.spec(true)
		change(&spec)
		fault, _, _ := strings.Cut(wanted, ":")
		if _, err := v.clone("w1", spec); err == nil || !strings.Contains(fmt.Sprintf("%#v %v", err, err), fault) {
			t.Errorf("%s: found %v", wanted, err)
		}
	}
	if _, err := v.clone("taken", v.spec(true)); err == nil || !strings.Contains(err.Error(), "DuplicateName") {
		t.Errorf("a second clone of one name: %v", err)
	}
	if _, err := v.tryCreate("other", "/DC0/vm"); err == nil || !strings.Contains(err.Error(), "DuplicateName") {
		t.Errorf("a second machine of one name: %v", err)
	}
	foreign := v.spec(true)
	task, err := other.CreateSnapshot(t.Context(), "other", "", false, false)
	v.must(err)
	info, err := task.WaitForResult(t.Context())
	v.must(err)
	snapshot := info.Result.(types.ManagedObjectReference)
	foreign.Snapshot = &snapshot
	if _, err := v.clone("w1", foreign); err == nil || !strings.Contains(err.Error(), "InvalidArgument") {
		t.Errorf("another machine's snapshot: %v", err)
	}
	if left, err := os.ReadDir(located(v.registry, "[LocalDS_0] ")); err != nil || len(left) != 3 {
		t.Errorf("found %v (%v)", left, err)
	}
}
