package main

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// newVCenter is a client of a simulated vCenter, and its inventory.
func newVCenter(t *testing.T) (*lab, *object.VirtualMachine) {
	t.Helper()
	model := newModel(modelVCenter)
	model.Machine = 0
	l := &lab{T: t}
	l.must(model.Create())
	t.Cleanup(model.Remove)
	l.must(furnish(model))
	describe(model.Map(), containerOptions())
	comeBetween(model, nil, nil)
	l.registry = model.Map()
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("root", "secret")}
	server := model.Service.NewServer()
	t.Cleanup(server.Close)
	var err error
	l.client, err = govmomi.NewClient(t.Context(), server.URL, true)
	l.must(err)
	l.finder = find.NewFinder(l.client.Client)
	datacenter, err := l.finder.Datacenter(t.Context(), "DC0")
	l.must(err)
	l.finder.SetDatacenter(datacenter)
	folders, err := datacenter.Folders(t.Context())
	l.must(err)
	pool, err := l.finder.ResourcePool(t.Context(), "DC0_C0/Resources/DC0_C0_RP1")
	l.must(err)
	var devices object.VirtualDeviceList
	controller, err := devices.CreateSCSIController("pvscsi")
	l.must(err)
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), types.ManagedObjectReference{}, "[LocalDS_0] base/base.vmdk")
	disk.CapacityInKB = 1 << 20
	changes, err := append(devices, controller, disk).ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	l.must(err)
	task, err := folders.VmFolder.CreateVM(t.Context(), types.VirtualMachineConfigSpec{
		Name: "base", Files: &types.VirtualMachineFileInfo{VmPathName: "[LocalDS_0] base/base.vmx"}, DeviceChange: changes,
	}, pool, nil)
	l.must(err)
	info, err := task.WaitForResult(t.Context())
	l.must(err)
	return l, object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
}

func (l *lab) clone(base *object.VirtualMachine, name string, spec types.VirtualMachineCloneSpec) (*simulator.VirtualMachine, error) {
	l.Helper()
	folder, err := l.finder.DefaultFolder(l.Context())
	l.must(err)
	pool, err := l.finder.ResourcePool(l.Context(), "DC0_C0/Resources")
	l.must(err)
	ref := pool.Reference()
	spec.Location.Pool = &ref
	task, err := base.Clone(l.Context(), folder, name, spec)
	l.must(err)
	info, err := task.WaitForResult(l.Context())
	if err != nil {
		return nil, err
	}
	return l.registry.Get(info.Result.(types.ManagedObjectReference)).(*simulator.VirtualMachine), nil
}

func TestAVCenterHasNetworksAndDatastoresOfEachKind(t *testing.T) {
	l, _ := newVCenter(t)
	pod := l.registry.Any("StoragePod").(*simulator.StoragePod)
	if len(pod.ChildEntity) != 2 || len(l.registry.All("Datastore")) != 3 || len(l.registry.All("HostSystem")) != 3 {
		t.Errorf("found %d in the datastore cluster, %d datastores, %d hosts", len(pod.ChildEntity), len(l.registry.All("Datastore")), len(l.registry.All("HostSystem")))
	}
	if _, err := l.finder.Network(t.Context(), "DC0_DVPG0"); err != nil {
		t.Error(err)
	}
}

func TestACloneHasADiskOfItsOwnWithTheContentOfItsTemplate(t *testing.T) {
	l, base := newVCenter(t)
	l.must(os.WriteFile(contentFile(located(l.registry, "[LocalDS_0] base/base.vmdk")), []byte("KDMV content"), 0o600))
	l.must(base.MarkAsTemplate(t.Context()))
	if task, err := base.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{Annotation: "x"}); err == nil && task.Wait(t.Context()) == nil {
		t.Error("a template was reconfigured")
	}
	clone, err := l.clone(base, "w1", types.VirtualMachineCloneSpec{})
	l.must(err)
	disk := flatDisks(clone)[0]
	content, err := os.ReadFile(contentFile(located(l.registry, disk.FileName)))
	if disk.FileName != "[LocalDS_0] w1/w1.vmdk" || disk.Parent != nil || err != nil || string(content) != "KDMV content" {
		t.Errorf("found %+v with %q (%v)", disk, content, err)
	}
}

func TestALinkedCloneNeedsASnapshotAndHasItsSourcesDiskBelowItsOwn(t *testing.T) {
	l, base := newVCenter(t)
	linked := types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{DiskMoveType: string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)}}
	if _, err := l.clone(base, "w1", linked); err == nil || !strings.Contains(err.Error(), "InvalidArgument") {
		t.Errorf("without a snapshot: %v", err)
	}
	task, err := base.CreateSnapshot(t.Context(), "kubelab", "", false, false)
	l.must(err)
	info, err := task.WaitForResult(t.Context())
	l.must(err)
	snapshot := info.Result.(types.ManagedObjectReference)
	linked.Snapshot = &snapshot
	clone, err := l.clone(base, "w1", linked)
	l.must(err)
	if disk := flatDisks(clone)[0]; disk.FileName != "[LocalDS_0] w1/w1.vmdk" || disk.Parent == nil || disk.Parent.FileName != "[LocalDS_0] base/base.vmdk" {
		t.Errorf("found %+v", disk)
	}
}

func TestAStandaloneHostClonesNothingAndHasNoTemplates(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	if err := vm.MarkAsTemplate(t.Context()); err == nil || !strings.Contains(err.Error(), "NotSupported") {
		t.Errorf("found %v", err)
	}
}
