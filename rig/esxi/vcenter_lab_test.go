package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
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
	return newVCenterLabWith(t, vcenterOptions())
}

func newVCenterLabWith(t *testing.T, opts options) *vcenterLab {
	t.Helper()
	v := &vcenterLab{lab: newLab(t, opts), folders: map[string]*object.Folder{}}
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
