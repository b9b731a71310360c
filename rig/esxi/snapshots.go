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

// branchingVM is a VM without power, whose snapshots leave its disks as they are for good: it goes on with children of
// theirs. The simulator makes no new disks.
type branchingVM struct{ *simulator.VirtualMachine }

func (vm *branchingVM) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "createSnapshot", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if vm.Config.Template {
			return nil, new(types.NotSupported)
		}
		result, fault := inner(ctx, vm.VirtualMachine.CreateSnapshotTask(ctx, req).(*methods.CreateSnapshot_TaskBody).Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		return result, failed(goOnWithChildren(ctx, vm.VirtualMachine))
	})
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *branchingVM) RemoveAllSnapshotsTask(ctx *simulator.Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "removeAllSnapshots", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		_, fault := inner(ctx, vm.VirtualMachine.RemoveAllSnapshotsTask(ctx, req).(*methods.RemoveAllSnapshots_TaskBody).Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		return nil, failed(consolidate(ctx, vm.VirtualMachine))
	})
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: task.Run(ctx)}}
}

// removableSnapshot is a snapshot whose end lets its VM have its disk back.
type removableSnapshot struct {
	*simulator.VirtualMachineSnapshot
}

func (s *removableSnapshot) RemoveSnapshotTask(ctx *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	owner := s.Vm
	task := simulator.CreateTask(owner, "removeSnapshot", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		body := s.VirtualMachineSnapshot.RemoveSnapshotTask(ctx, req).(*methods.RemoveSnapshot_TaskBody)
		if _, fault := inner(ctx, body.Res.Returnval); fault != nil {
			return nil, fault
		}
		vm, ok := ctx.Map.Get(owner).(*simulator.VirtualMachine)
		if !ok {
			return nil, nil
		}
		return nil, failed(consolidate(ctx, vm))
	})
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: task.Run(ctx)}}
}

func goOnWithChildren(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	return changeDisks(ctx, vm, func(disk *types.VirtualDisk) error {
		if flat(disk) == nil {
			return nil
		}
		return branch(ctx.Map, disk, freeChild(ctx.Map, flat(disk).FileName), flat(disk))
	})
}

// consolidate gives a VM without snapshots its own disks back, unless a machine has written to their children: then
// these stay, as they do on a host whose consolidation is still to come.
func consolidate(ctx *simulator.Context, vm *simulator.VirtualMachine) error {
	if vm.Snapshot != nil && len(vm.Snapshot.RootSnapshotList) > 0 {
		return nil
	}
	folder := path.Dir(vm.Config.Files.VmPathName)
	return changeDisks(ctx, vm, func(disk *types.VirtualDisk) error {
		for parent := parentBacking(disk); parent != nil && path.Dir(parent.FileName) == folder; parent = parentBacking(disk) {
			child := located(ctx.Map, flat(disk).FileName)
			if _, err := os.Stat(overlayFile(child)); err == nil {
				return nil
			}
			if err := os.Remove(child); err != nil {
				return err
			}
			disk.Backing = parent
		}
		return nil
	})
}

// changeDisks changes copies of the VM's disks, so that who has the former ones sees no change, and publishes them.
func changeDisks(ctx *simulator.Context, vm *simulator.VirtualMachine, change func(*types.VirtualDisk) error) error {
	var err error
	ctx.Map.WithLock(ctx, vm, func() {
		devices := append([]types.BaseVirtualDevice{}, vm.Config.Hardware.Device...)
		for index, device := range devices {
			disk, ok := device.(*types.VirtualDisk)
			if !ok {
				continue
			}
			changed := *disk
			if err = change(&changed); err != nil {
				return
			}
			devices[index] = &changed
		}
		ctx.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: devices}})
	})
	return err
}

// freeChild is the name of a disk's next child, as ESXi counts them.
func freeChild(registry *simulator.Registry, file string) string {
	stem := strings.TrimSuffix(file, ".vmdk")
	if begin := len(stem) - len("-000001"); begin > 0 && childNumber(stem[begin:]) {
		stem = stem[:begin]
	}
	for number := 1; ; number++ {
		name := fmt.Sprintf("%s-%06d.vmdk", stem, number)
		if _, err := os.Stat(located(registry, name)); os.IsNotExist(err) {
			return name
		}
	}
}

func childNumber(text string) bool {
	return text[0] == '-' && strings.Trim(text[1:], "0123456789") == ""
}
