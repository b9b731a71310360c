package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// vcenterLab is a simulated vCenter with a template `base`, whose disk holds an image that containers can have.
type vcenterLab struct {
	*lab
	base     *object.VirtualMachine
	snapshot types.ManagedObjectReference
	folders  map[string]*object.Folder
	pool     *object.ResourcePool
}

func vcenterOptions() options {
	opts := containerOptions()
	opts.name, opts.vcenter = "vcenter", true
	return opts
}

func newVCenterLab(t *testing.T) *vcenterLab {
	t.Helper()
	v := &vcenterLab{lab: newLab(t, vcenterOptions()), folders: map[string]*object.Folder{}}
	v.machines.roots = roots(t, "0123abcd=node:a")
	for _, path := range []string{"/DC0/vm", "/DC0/vm/lab", "/DC0/vm/lab/nodes"} {
		folder, err := v.finder.Folder(t.Context(), path)
		v.must(err)
		v.folders[path] = folder
	}
	pool, err := v.finder.ResourcePool(t.Context(), "/DC0/host/DC0_C0/Resources/lab")
	v.must(err)
	v.pool = pool
	v.base = v.create("base", "/DC0/vm")
	content := contentFile(located(v.registry, "[LocalDS_0] base/base.vmdk"))
	v.must(os.WriteFile(content, []byte(descriptor("0123abcd")), 0o600))
	task, err := v.base.CreateSnapshot(t.Context(), "ready", "", false, false)
	v.must(err)
	info, err := task.WaitForResult(t.Context())
	v.must(err)
	v.snapshot = info.Result.(types.ManagedObjectReference)
	v.must(v.base.MarkAsTemplate(t.Context()))
	return v
}

// create makes a machine with a disk and an adapter on the standard port group.
func (v *vcenterLab) create(name, folder string) *object.VirtualMachine {
	v.Helper()
	vm, err := v.tryCreate(name, folder)
	v.must(err)
	return vm
}

func (v *vcenterLab) tryCreate(name, folder string) (*object.VirtualMachine, error) {
	v.Helper()
	devices := object.VirtualDeviceList{}
	controller, err := devices.CreateSCSIController("pvscsi")
	v.must(err)
	controller.GetVirtualDevice().Key = -1
	disk := &types.VirtualDisk{CapacityInKB: 1024}
	disk.Key, disk.ControllerKey, disk.UnitNumber = -2, -1, types.NewInt32(0)
	disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: fmt.Sprintf("[LocalDS_0] %s/%s.vmdk", name, name)}}
	card := &types.VirtualVmxnet3{}
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"}}
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, device := range []types.BaseVirtualDevice{controller, disk, card} {
		change := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: device}
		if device == types.BaseVirtualDevice(disk) {
			change.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
		}
		changes = append(changes, change)
	}
	task, err := v.folders[folder].CreateVM(v.Context(), types.VirtualMachineConfigSpec{
		Name:            name,
		Annotation:      "mine",
		NestedHVEnabled: types.NewBool(true),
		Files:           &types.VirtualMachineFileInfo{VmPathName: fmt.Sprintf("[LocalDS_0] %s/%s.vmx", name, name)},
		ExtraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: containerKey, Value: imageOfDisk},
			&types.OptionValue{Key: "owner", Value: "the template's"},
		},
		DeviceChange: changes,
	}, v.pool, nil)
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(v.Context())
	if err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(v.client.Client, info.Result.(types.ManagedObjectReference)), nil
}

// spec is that of a clone which changes nothing.
func (v *vcenterLab) spec(linked bool) types.VirtualMachineCloneSpec {
	pool := v.pool.Reference()
	spec := types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &pool}}
	if linked {
		spec.Snapshot = &v.snapshot
		spec.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	}
	return spec
}

func (v *vcenterLab) clone(name string, spec types.VirtualMachineCloneSpec) (*object.VirtualMachine, error) {
	v.Helper()
	task, err := v.base.Clone(v.Context(), v.folders["/DC0/vm/lab/nodes"], name, spec)
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(v.Context())
	if err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(v.client.Client, info.Result.(types.ManagedObjectReference)), nil
}

func (v *vcenterLab) backing(vm *object.VirtualMachine) *types.VirtualDiskFlatVer2BackingInfo {
	v.Helper()
	return flat(disksIn(v.properties(vm).Config.Hardware.Device)[0])
}

func (v *vcenterLab) option(vm *object.VirtualMachine, key string) string {
	value, _ := extraConfig(&simulator.VirtualMachine{VirtualMachine: v.properties(vm)}, key)
	return value
}

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

func TestATemplateIsNotStartedAndNotSnapshotted(t *testing.T) {
	v := newVCenterLab(t)
	if err := v.done(v.base.PowerOn); err == nil || !strings.Contains(err.Error(), "InvalidState") && !strings.Contains(err.Error(), "template") {
		t.Errorf("found %v", err)
	}
	task, err := v.base.CreateSnapshot(t.Context(), "late", "", false, false)
	v.must(err)
	if err := task.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "NotSupported") {
		t.Errorf("found %v", err)
	}
}

func TestAMachineHasItsDiskBackWhenItsSnapshotsAreGone(t *testing.T) {
	v := newVCenterLab(t)
	vm := v.create("w1", "/DC0/vm")
	for range 2 {
		task, err := vm.CreateSnapshot(t.Context(), "before", "", false, false)
		v.must(err)
		v.must(task.Wait(t.Context()))
	}
	if found := v.backing(vm); found.FileName != "[LocalDS_0] w1/w1-000002.vmdk" {
		t.Errorf("found %s", found.FileName)
	}
	task, err := vm.RemoveAllSnapshot(t.Context(), nil)
	v.must(err)
	v.must(task.Wait(t.Context()))
	if found := v.backing(vm); found.FileName != "[LocalDS_0] w1/w1.vmdk" || found.Parent != nil {
		t.Errorf("found %+v", found)
	}
	v.must(v.done(vm.Destroy))
	if left, err := os.ReadDir(located(v.registry, "[LocalDS_0] ")); err != nil || len(left) != 1 {
		t.Errorf("found %v (%v)", left, err)
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
