package main

import (
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestAVCenterHasWhatItsPlacementsName(t *testing.T) {
	v := newVCenterLab(t)
	if about := v.client.ServiceContent.About; about.ApiType != "VirtualCenter" || about.ApiVersion != apiVersion {
		t.Errorf("found %+v", about)
	}
	cluster, err := v.finder.ClusterComputeResource(t.Context(), "DC0_C0")
	v.must(err)
	hosts, err := cluster.Hosts(t.Context())
	if err != nil || len(hosts) != 2 {
		t.Errorf("found hosts %v (%v)", hosts, err)
	}
	pod, err := v.finder.DatastoreCluster(t.Context(), "DC0_POD0")
	v.must(err)
	var found mo.StoragePod
	v.must(pod.Properties(t.Context(), pod.Reference(), []string{"summary", "childEntity"}, &found))
	if len(found.ChildEntity) != 2 || found.Summary.Capacity != 200<<30 {
		t.Errorf("found %+v", found)
	}
	for _, network := range []string{"VM Network", "DC0_DVPG0"} {
		if _, err := v.finder.Network(t.Context(), network); err != nil {
			t.Error(err)
		}
	}
}

func TestAStandaloneHostRefusesWhatOnlyAVCenterDoes(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	if err := vm.MarkAsTemplate(t.Context()); err == nil || !strings.Contains(err.Error(), "NotSupported") && !strings.Contains(err.Error(), "not supported") {
		t.Errorf("found %v", err)
	}
	folders, err := object.NewDatacenter(l.client.Client, l.registry.Any("Datacenter").Reference()).Folders(t.Context())
	l.must(err)
	if _, err := vm.Clone(t.Context(), folders.VmFolder, "w2", types.VirtualMachineCloneSpec{}); err == nil {
		t.Error("a standalone host made a clone")
	}
}
