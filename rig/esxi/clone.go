package main

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// cloningVM is a VM that is cloned as a vCenter does it: its disks have their content and the names that they have
// there, and a linked clone's are on those of its source.
type cloningVM struct{ *simulator.VirtualMachine }

func (vm *cloningVM) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "cloneVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		linked := req.Spec.Location.DiskMoveType == string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
		if linked && req.Spec.Snapshot == nil {
			return nil, &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
		}
		body := vm.VirtualMachine.CloneVMTask(ctx, req).(*methods.CloneVM_TaskBody)
		if body.Res == nil {
			return nil, &types.InvalidArgument{InvalidProperty: "folder"}
		}
		result, fault := inner(ctx, body.Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		clone := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
		if err := vm.fill(ctx, clone, linked); err != nil {
			return nil, failed(err)
		}
		return result, nil
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: task.Run(ctx)}}
}

// fill gives the disks of a clone the content of those of its source.
func (vm *cloningVM) fill(ctx *simulator.Context, clone *simulator.VirtualMachine, linked bool) error {
	sources := flatDisks(vm.VirtualMachine)
	for index, disk := range flatDisks(clone) {
		if index >= len(sources) {
			break
		}
		made, source := disk.FileName, sources[index]
		name := diskOf(clone, index)
		for _, file := range []string{located(ctx.Map, made), contentFile(located(ctx.Map, made))} {
			if err := os.RemoveAll(file); err != nil {
				return err
			}
		}
		if err := copyDisk(ctx, located(ctx.Map, source.FileName), located(ctx.Map, name), true); err != nil {
			return err
		}
		ctx.Map.WithLock(ctx, clone, func() {
			disk.FileName = name
			if linked {
				parent := *source
				disk.Parent = &parent
			}
		})
	}
	return nil
}

func flatDisks(vm *simulator.VirtualMachine) []*types.VirtualDiskFlatVer2BackingInfo {
	var found []*types.VirtualDiskFlatVer2BackingInfo
	for _, device := range vm.Config.Hardware.Device {
		if disk, ok := device.(*types.VirtualDisk); ok {
			if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
				found = append(found, backing)
			}
		}
	}
	return found
}

// diskOf is the path of a clone's disk, in the folder and by the name of its .vmx file.
func diskOf(clone *simulator.VirtualMachine, index int) string {
	stem := strings.TrimSuffix(clone.Config.Files.VmPathName, path.Ext(clone.Config.Files.VmPathName))
	if index > 0 {
		stem = fmt.Sprintf("%s_%d", stem, index)
	}
	return stem + ".vmdk"
}
