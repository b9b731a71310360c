package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// cloneableVM is a VM whose clones have what a vCenter's have: the disks' content or a parent, the configuration of
// their source with what the specification changes, and MACs of their own. The simulator copies hardware alone.
type cloneableVM struct {
	*simulator.VirtualMachine
	interceptor *interceptor
}

func (vm *cloneableVM) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	task := asOne(simulator.CreateTask(vm, "cloneVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return vm.clone(ctx, req)
	}))
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: task.Run(ctx)}}
}

func (vm *cloneableVM) clone(ctx *simulator.Context, req *types.CloneVM_Task) (types.AnyType, types.BaseMethodFault) {
	wish, fault := vm.interceptor.admitClone(ctx, vm.VirtualMachine, req)
	if fault != nil {
		return nil, fault
	}
	body := vm.VirtualMachine.CloneVMTask(ctx, wish.plain(req)).(*methods.CloneVM_TaskBody)
	if body.Fault_ != nil {
		return nil, body.Fault_.VimFault().(types.BaseMethodFault)
	}
	result, fault := inner(ctx, body.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	clone := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	ctx.Map.WithLock(ctx, clone, func() { fault = vm.finish(ctx, clone, wish, req) })
	if fault != nil { // nothing is left of a clone that fails
		_ = destroy(ctx, clone, &types.Destroy_Task{This: clone.Self})
		return nil, fault
	}
	return result, nil
}

// finish makes a bare clone what was asked for.
func (vm *cloneableVM) finish(ctx *simulator.Context, clone *simulator.VirtualMachine, wish *cloneWish, req *types.CloneVM_Task) types.BaseMethodFault {
	for index, device := range clone.Config.Hardware.Device {
		card, ok := device.(types.BaseVirtualEthernetCard)
		if ok && card.GetVirtualEthernetCard().AddressType != string(types.VirtualEthernetCardMacTypeManual) {
			card.GetVirtualEthernetCard().MacAddress = vm.interceptor.freeMAC(req.Name + "/source/" + string(rune('0'+index%10)))
		}
	}
	if err := fill(ctx, clone, wish); err != nil {
		return fileFault(err, vm.Config.Files.VmPathName, clone.Config.Files.VmPathName)
	}
	ctx.Update(clone, []types.PropertyChange{{Name: "config.hardware.device", Val: clone.Config.Hardware.Device}})
	changes := []types.VirtualMachineConfigSpec{inherited(&wish.source)}
	if devices := req.Spec.Location.DeviceChange; len(devices) > 0 {
		changes = append(changes, types.VirtualMachineConfigSpec{DeviceChange: devices})
	}
	if req.Spec.Config != nil {
		own := *req.Spec.Config
		own.Name, own.Files, own.InstanceUuid, own.Uuid = "", nil, "", ""
		changes = append(changes, own)
	}
	for _, change := range changes {
		if fault := admitGrowth(clone, change.DeviceChange); fault != nil {
			return fault
		}
		body := clone.ReconfigVMTask(ctx, &types.ReconfigVM_Task{This: clone.Self, Spec: change}).(*methods.ReconfigVM_TaskBody)
		if _, fault := inner(ctx, body.Res.Returnval); fault != nil {
			return fault
		}
	}
	if req.Spec.Template {
		return faultOf(clone.MarkAsTemplate(&types.MarkAsTemplate{This: clone.Self}))
	}
	if !req.Spec.PowerOn {
		return nil
	}
	backed, ok := vm.interceptor.wrapped(ctx, clone).(interface {
		PowerOnVMTask(*simulator.Context, *types.PowerOnVM_Task) soap.HasFault
	})
	if !ok {
		return new(types.NotSupported)
	}
	body := backed.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: clone.Self}).(*methods.PowerOnVM_TaskBody)
	if body.Fault_ != nil {
		return faultOf(body)
	}
	_, fault := inner(ctx, body.Res.Returnval)
	return fault
}

func faultOf(body soap.HasFault) types.BaseMethodFault {
	if body.Fault() == nil {
		return nil
	}
	return body.Fault().VimFault().(types.BaseMethodFault)
}

// inherited is what a clone has of its source beside hardware: the keys and the mark of a template among it.
func inherited(source *types.VirtualMachineConfigInfo) types.VirtualMachineConfigSpec {
	flags := source.Flags
	spec := types.VirtualMachineConfigSpec{
		Annotation:          source.Annotation,
		Firmware:            source.Firmware,
		NestedHVEnabled:     source.NestedHVEnabled,
		CpuHotAddEnabled:    source.CpuHotAddEnabled,
		MemoryHotAddEnabled: source.MemoryHotAddEnabled,
		BootOptions:         source.BootOptions,
		Flags:               &flags,
	}
	for _, option := range source.ExtraConfig {
		if value := option.GetOptionValue(); value.Key != "govcsim" {
			spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: value.Key, Value: value.Value})
		}
	}
	return spec
}

// fill gives the clone's disks their content, or their parents.
func fill(ctx *simulator.Context, clone *simulator.VirtualMachine, wish *cloneWish) error {
	sources := disksIn(wish.source.Hardware.Device)
	for index, disk := range disksIn(clone.Config.Hardware.Device) {
		parent, file := flat(sources[index]), flat(disk).FileName
		target := located(ctx.Map, file)
		if !wish.linked {
			if err := copyDisk(ctx, located(ctx.Map, parent.FileName), target, true); err != nil {
				return err
			}
			flat(disk).ThinProvisioned = parent.ThinProvisioned
			continue
		}
		if err := errors.Join(os.Remove(target), os.Remove(contentFile(target))); err != nil {
			return err
		}
		if err := branch(ctx.Map, disk, file, parent); err != nil {
			return err
		}
	}
	return nil
}

// cloneWish is what was asked for, resolved. source: the configuration of the VM, or of its snapshot.
type cloneWish struct {
	source    types.VirtualMachineConfigInfo
	linked    bool
	folder    types.ManagedObjectReference
	pool      *types.ManagedObjectReference
	host      types.ManagedObjectReference
	identity  types.VirtualMachineConfigSpec
	datastore *types.ManagedObjectReference
}

// plain is the part of a request that the simulator understands.
func (w *cloneWish) plain(req *types.CloneVM_Task) *types.CloneVM_Task {
	return &types.CloneVM_Task{This: req.This, Folder: w.folder, Name: req.Name, Spec: types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Pool: w.pool, Host: &w.host, Datastore: w.datastore},
		Config:   &w.identity,
	}}
}

// hostOf is a host for a clone in a pool: of those that have the pool, any.
func hostOf(ctx *simulator.Context, pool *simulator.ResourcePool, wanted *types.ManagedObjectReference) (types.ManagedObjectReference, types.BaseMethodFault) {
	cluster, ok := ctx.Map.Get(pool.Owner).(*simulator.ClusterComputeResource)
	if !ok || len(cluster.Host) == 0 {
		return types.ManagedObjectReference{}, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
	}
	if wanted == nil {
		return cluster.Host[rand.IntN(len(cluster.Host))], nil
	}
	if !slices.Contains(cluster.Host, *wanted) {
		return *wanted, &types.InvalidArgument{InvalidProperty: "spec.location.host"}
	}
	return *wanted, nil
}

func datastorePath(ctx *simulator.Context, datastore types.ManagedObjectReference, name string) string {
	if found, ok := ctx.Map.Get(datastore).(*simulator.Datastore); ok {
		return (&object.DatastorePath{Datastore: found.Name, Path: name}).String()
	}
	return ""
}
