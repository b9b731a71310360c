package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// admitClone resolves what a clone is asked to be, and refuses what a vCenter refuses; the simulator would take it, or
// panic.
func (i *interceptor) admitClone(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.CloneVM_Task) (*cloneWish, types.BaseMethodFault) {
	location := &req.Spec.Location
	wish := &cloneWish{source: *vm.Config, folder: req.Folder, pool: location.Pool, datastore: location.Datastore}
	if location.Folder != nil {
		wish.folder = *location.Folder
	}
	if _, ok := ctx.Map.Get(wish.folder).(*simulator.Folder); !ok {
		return nil, &types.ManagedObjectNotFound{Obj: wish.folder}
	}
	if fault := uniqueName(ctx, wish.folder, req.Name); fault != nil {
		return nil, fault
	}
	if wish.pool == nil && !vm.Config.Template {
		wish.pool = vm.ResourcePool
	}
	if wish.pool == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
	}
	pool, ok := ctx.Map.Get(*wish.pool).(*simulator.ResourcePool)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: *wish.pool}
	}
	var fault types.BaseMethodFault
	if wish.host, fault = hostOf(ctx, pool, location.Host); fault != nil {
		return nil, fault
	}
	if wish.datastore == nil { // a clone lies where its source does
		wish.datastore = &vm.Datastore[0]
	}
	path := datastorePath(ctx, *wish.datastore, req.Name)
	if path == "" {
		return nil, &types.ManagedObjectNotFound{Obj: *wish.datastore}
	}
	if fault := spaceLeft(ctx, path); fault != nil {
		return nil, fault
	}
	if fault := wish.chooseDisks(ctx, vm, req); fault != nil {
		return nil, fault
	}
	if fault := i.admitDevices(ctx, req.Name, location.DeviceChange); fault != nil {
		return nil, fault
	}
	if config := req.Spec.Config; config != nil {
		wish.identity = types.VirtualMachineConfigSpec{Uuid: config.Uuid, InstanceUuid: freeInstance(ctx, config.InstanceUuid)}
		if fault := i.admitDevices(ctx, req.Name+"/config", config.DeviceChange); fault != nil {
			return nil, fault
		}
	}
	return wish, nil
}

// chooseDisks says what the clone's disks come from, and how.
func (w *cloneWish) chooseDisks(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.CloneVM_Task) types.BaseMethodFault {
	if reference := req.Spec.Snapshot; reference != nil {
		snapshot, ok := ctx.Map.Get(*reference).(*simulator.VirtualMachineSnapshot)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: *reference}
		}
		if snapshot.Vm != vm.Self {
			return &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
		}
		w.source = snapshot.Config
	}
	moves := []string{req.Spec.Location.DiskMoveType}
	for _, disk := range req.Spec.Location.Disk {
		moves = append(moves, disk.DiskMoveType)
	}
	for _, move := range moves {
		w.linked = w.linked || move == string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	}
	// "This option is only valid when cloning from a snapshot": vim.vm.RelocateSpec.DiskMoveOptions.
	if w.linked && req.Spec.Snapshot == nil {
		return &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
	}
	for _, disk := range disksIn(w.source.Hardware.Device) {
		if flat(disk) == nil {
			return new(types.NotSupported)
		}
	}
	return nil
}

// freeInstance is the instance UUID if no VM has it: a vCenter gives another one in place of a second of a kind.
func freeInstance(ctx *simulator.Context, wanted string) string {
	for _, entity := range ctx.Map.All("VirtualMachine") {
		vm, ok := entity.(*simulator.VirtualMachine)
		if ok && vm.Config != nil && vm.Config.InstanceUuid == wanted {
			return ""
		}
	}
	return wanted
}
