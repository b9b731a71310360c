package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func TestADatastoreClusterRecommendsDatastoresForAClone(t *testing.T) {
	v := newVCenterLab(t)
	pod, err := v.finder.DatastoreCluster(t.Context(), "DC0_POD0")
	v.must(err)
	target, base, folder, spec := pod.Reference(), v.base.Reference(), v.folders["/DC0/vm"].Reference(), v.spec(false)
	found, err := object.NewStorageResourceManager(v.client.Client).RecommendDatastores(t.Context(), types.StoragePlacementSpec{
		Type: string(types.StoragePlacementSpecPlacementTypeClone), Vm: &base, Folder: &folder, CloneName: "w1", CloneSpec: &spec,
		PodSelectionSpec: types.StorageDrsPodSelectionSpec{StoragePod: &target},
	})
	if err != nil || len(found.Recommendations) != 2 {
		t.Fatalf("found %+v (%v)", found, err)
	}
}

func TestAFullCloneHasContentOfItsOwnAndTheConfigurationOfItsTemplate(t *testing.T) {
	v := newVCenterLab(t)
	spec := v.spec(false)
	spec.Config = &types.VirtualMachineConfigSpec{
		InstanceUuid: "5f9e7a44-0000-5000-8000-000000000001", NumCPUs: 4, MemoryMB: 4096, Annotation: "w1's",
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "owner", Value: "w1's"}},
	}
	vm, err := v.clone("w1", spec)
	v.must(err)
	config := v.properties(vm).Config
	if config.InstanceUuid != spec.Config.InstanceUuid || config.Hardware.NumCPU != 4 || config.Annotation != "w1's" || v.option(vm, "owner") != "w1's" {
		t.Errorf("found %+v", config)
	}
	if config.NestedHVEnabled == nil || !*config.NestedHVEnabled || config.Template {
		t.Errorf("the template's configuration is lost: %+v", config)
	}
	if backing := v.backing(vm); backing.Parent != nil || backing.FileName != "[LocalDS_0] w1/w1.vmdk" {
		t.Errorf("found %+v", backing)
	}
	v.must(v.done(vm.PowerOn))
	if !strings.Contains(v.calls(), " node:a\n") {
		t.Errorf("the engine was called with:\n%s", v.calls())
	}
}

func TestACloneHasTheMarkOfItsTemplateUnlessToldOtherwiseAndAnotherMAC(t *testing.T) {
	v := newVCenterLab(t)
	macs := map[string]bool{}
	for _, name := range []string{"w1", "w2"} {
		vm, err := v.clone(name, v.spec(true))
		v.must(err)
		if found := v.option(vm, "owner"); found != "the template's" {
			t.Errorf("%s: found %q", name, found)
		}
		card := firstCard(&simulator.VirtualMachine{VirtualMachine: v.properties(vm)}).GetVirtualEthernetCard()
		if macs[card.MacAddress] || !strings.HasPrefix(card.MacAddress, "00:50:56:") {
			t.Errorf("%s has %s beside %v", name, card.MacAddress, macs)
		}
		macs[card.MacAddress] = true
	}
}

func TestALinkedCloneHasItsTemplatesDiskAsParentAndStartsFromIt(t *testing.T) {
	v := newVCenterLab(t)
	vm, err := v.clone("w1", v.spec(true))
	v.must(err)
	backing := v.backing(vm)
	if backing.Parent == nil || backing.Parent.FileName != "[LocalDS_0] base/base.vmdk" || backing.FileName != "[LocalDS_0] w1/w1.vmdk" {
		t.Fatalf("found %+v", backing)
	}
	if template := v.backing(v.base); template.FileName != "[LocalDS_0] base/base-000001.vmdk" || template.Parent == nil {
		t.Errorf("the template goes on with %+v", template)
	}
	if text, err := os.ReadFile(located(v.registry, backing.FileName)); err != nil || !strings.Contains(string(text), "parentCID=0123abcd") {
		t.Errorf("its descriptor is %q (%v)", text, err)
	}
	v.must(v.done(vm.PowerOn))
	if !strings.Contains(v.calls(), " node:a\n") || v.properties(vm).Guest.IpAddress != "10.9.0.2" {
		t.Errorf("the engine was called with:\n%s", v.calls())
	}
	v.must(v.done(vm.PowerOff))
	v.must(v.done(vm.Destroy))
	if _, err := os.Stat(located(v.registry, "[LocalDS_0] base/base.vmdk")); err != nil {
		t.Errorf("the clone's end took its parent: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(located(v.registry, "[LocalDS_0] w1/w1.vmdk"))); !os.IsNotExist(err) {
		t.Errorf("the clone left its folder (%v)", err)
	}
}

func TestATemplatesEndLeavesTheDiskThatItsLinkedCloneHas(t *testing.T) {
	v := newVCenterLab(t)
	vm, err := v.clone("w1", v.spec(true))
	v.must(err)
	v.must(v.done(v.base.Destroy))
	v.must(v.done(vm.PowerOn))
	if !strings.Contains(v.calls(), " node:a\n") {
		t.Errorf("the engine was called with:\n%s", v.calls())
	}
}

func TestADiskWithAParentIsNotResized(t *testing.T) {
	v := newVCenterLab(t)
	linked, err := v.clone("w1", v.spec(true))
	v.must(err)
	full, err := v.clone("w2", v.spec(false))
	v.must(err)
	grow := func(vm *object.VirtualMachine) error {
		disk := disksIn(v.properties(vm).Config.Hardware.Device)[0]
		disk.CapacityInKB, disk.CapacityInBytes = 2048, 2048*1024
		return vm.EditDevice(t.Context(), disk)
	}
	if err := grow(linked); err == nil || !strings.Contains(err.Error(), "InvalidDeviceSpec") {
		t.Errorf("found %v", err)
	}
	v.must(grow(full))
}

func TestAnAdapterOfACloneIsOnTheDistributedPortGroup(t *testing.T) {
	v := newVCenterLab(t)
	network, err := v.finder.Network(t.Context(), "DC0_DVPG0")
	v.must(err)
	backing, err := network.EthernetCardBackingInfo(t.Context())
	v.must(err)
	spec := v.spec(true)
	devices := object.VirtualDeviceList(v.properties(v.base).Config.Hardware.Device)
	old := devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
	card := &types.VirtualVmxnet3{}
	card.Key, card.Backing = -10, backing
	spec.Location.DeviceChange = []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: old},
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: card},
	}
	vm, err := v.clone("w1", spec)
	v.must(err)
	v.must(v.done(vm.PowerOn))
	guest := v.properties(vm).Guest
	if len(guest.Net) != 1 || guest.Net[0].Network != "DC0_DVPG0" {
		t.Errorf("found %+v", guest.Net)
	}
	card.Key, card.MacAddress = -10, ""
	card.Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: "dvportgroup-999", SwitchUuid: "none"}}
	spec.Location.DeviceChange = spec.Location.DeviceChange[1:]
	if _, err := v.clone("w2", spec); err == nil || !strings.Contains(err.Error(), "InvalidDeviceSpec") {
		t.Errorf("a port group that is not there: %v", err)
	}
}
