package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// admit checks a VM's specification against the host and gives its new network adapters MACs of their own: the
// simulator's depend on only three hex digits of the VM's UUID.
func (i *interceptor) admit(ctx *simulator.Context, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if spec.Files != nil {
		if fault := spaceLeft(ctx, spec.Files.VmPathName); fault != nil {
			return fault
		}
	}
	return i.admitDevices(ctx, spec.Name, spec.DeviceChange)
}

// admitDevices checks the devices of a VM that is called so, "" if it is called as before.
func (i *interceptor) admitDevices(ctx *simulator.Context, name string, changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	networks := names(ctx, "Network")
	for index, change := range changes {
		device := change.GetVirtualDeviceConfigSpec()
		switch backing := device.Device.GetVirtualDevice().Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			if !slices.Contains(networks, backing.DeviceName) {
				return invalidDevice(index, "backing.deviceName")
			}
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			if portGroup(ctx.Map, backing) == nil {
				return invalidDevice(index, "backing.port")
			}
		case types.BaseVirtualDeviceFileBackingInfo:
			if file := backing.GetVirtualDeviceFileBackingInfo().FileName; file != "" {
				if fault := datastoreExists(ctx, file); fault != nil {
					return fault
				}
			}
		}
		card, ok := device.Device.(types.BaseVirtualEthernetCard)
		if ok && device.Operation == types.VirtualDeviceConfigSpecOperationAdd && card.GetVirtualEthernetCard().MacAddress == "" {
			card.GetVirtualEthernetCard().MacAddress = i.freeMAC(fmt.Sprintf("%s/%d", name, index))
			card.GetVirtualEthernetCard().AddressType = i.generated()
		}
	}
	return nil
}

func invalidDevice(index int, property string) types.BaseMethodFault {
	return &types.InvalidDeviceSpec{
		InvalidVmConfig: types.InvalidVmConfig{Property: fmt.Sprintf("deviceChange[%d].device.%s", index, property)},
		DeviceIndex:     int32(index),
	}
}

// admitGrowth refuses to resize a disk that has a parent, as vSphere does until the chain is consolidated.
func admitGrowth(vm *simulator.VirtualMachine, changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	for index, change := range changes {
		device := change.GetVirtualDeviceConfigSpec()
		wanted, isDisk := device.Device.(*types.VirtualDisk)
		if !isDisk || device.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			continue
		}
		disk, there := devices.FindByKey(wanted.Key).(*types.VirtualDisk)
		if there && parentBacking(disk) != nil && capacityOf(disk) != capacityOf(wanted) {
			return invalidDevice(index, "capacityInKB")
		}
	}
	return nil
}

// freeMAC derives a MAC of the range that this product generates from the seed, the next one if that was given before.
func (i *interceptor) freeMAC(seed string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	for attempt := 0; ; attempt++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", i.name, seed, attempt))
		mac := fmt.Sprintf("00:0c:29:%02x:%02x:%02x", sum[0], sum[1], sum[2])
		if i.vcenter {
			mac = fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80|sum[0]&0x3f, sum[1], sum[2])
		}
		if !i.macs[mac] {
			i.macs[mac] = true
			return mac
		}
	}
}

// generated is the type of addresses that this product makes.
func (i *interceptor) generated() string {
	if i.vcenter {
		return string(types.VirtualEthernetCardMacTypeAssigned)
	}
	return string(types.VirtualEthernetCardMacTypeGenerated)
}

// What ESXi says of a MAC of someone's own in the ranges that VMware makes its own from.
const reservedMACText = "Invalid MAC address specified. %s is not an allowed static Ethernet address. It conflicts with VMware reserved MACs for other usage."

// reservedMAC is such a MAC of a VM's adapters, "" if none has one.
func reservedMAC(vm *simulator.VirtualMachine) string {
	for _, device := range vm.Config.Hardware.Device {
		card, ok := device.(types.BaseVirtualEthernetCard)
		if !ok || card.GetVirtualEthernetCard().AddressType != string(types.VirtualEthernetCardMacTypeManual) {
			continue
		}
		mac := strings.ToLower(card.GetVirtualEthernetCard().MacAddress)
		last, ofVMware := strings.CutPrefix(mac, "00:50:56:")
		if strings.HasPrefix(mac, "00:0c:29:") || strings.HasPrefix(mac, "00:05:69:") || ofVMware && last >= "40" {
			return mac
		}
	}
	return ""
}

// uniqueName refuses a second VM of one name in a folder, which the simulator does for clones alone.
func uniqueName(ctx *simulator.Context, folder types.ManagedObjectReference, name string) types.BaseMethodFault {
	found, ok := ctx.Map.Get(folder).(*simulator.Folder)
	if !ok {
		return nil // the simulator answers
	}
	for _, child := range found.ChildEntity {
		if entity, ok := ctx.Map.Get(child).(mo.Entity); ok && strings.EqualFold(entity.Entity().Name, name) {
			return &types.DuplicateName{Name: name, Object: child}
		}
	}
	return nil
}

// admitName refuses to call a VM as another one of its folder is called.
func admitName(ctx *simulator.Context, vm *simulator.VirtualMachine, name string) types.BaseMethodFault {
	if name == "" || name == vm.Name || vm.Parent == nil {
		return nil
	}
	return uniqueName(ctx, *vm.Parent, name)
}

// datastoreExists refuses a path on a datastore that is not there, which the simulator panics on.
func datastoreExists(ctx *simulator.Context, file string) types.BaseMethodFault {
	var path object.DatastorePath
	if !path.FromString(file) || path.Datastore != "" && !slices.Contains(names(ctx, "Datastore"), path.Datastore) {
		return &types.InvalidDatastorePath{DatastorePath: file}
	}
	return nil
}

// spaceLeft refuses to write to a datastore that is not there or that is full.
func spaceLeft(ctx *simulator.Context, file string) types.BaseMethodFault {
	if fault := datastoreExists(ctx, file); fault != nil {
		return fault
	}
	var path object.DatastorePath
	path.FromString(file)
	for _, entity := range ctx.Map.All("Datastore") {
		datastore := entity.(*simulator.Datastore)
		if datastore.Name == path.Datastore && datastore.Summary.FreeSpace <= 0 {
			return &types.NoDiskSpace{FileFault: types.FileFault{File: file}, Datastore: datastore.Name}
		}
	}
	return nil
}

func names(ctx *simulator.Context, kind string) []string {
	var found []string
	for _, entity := range ctx.Map.All(kind) {
		switch entity := entity.(type) {
		case *simulator.Datastore:
			found = append(found, entity.Name)
		case *mo.Network:
			found = append(found, entity.Name)
		}
	}
	return found
}

// portGroup is the distributed port group of an adapter, nil if there is none of this key on this switch.
func portGroup(registry *simulator.Registry, backing *types.VirtualEthernetCardDistributedVirtualPortBackingInfo) *simulator.DistributedVirtualPortgroup {
	for _, entity := range registry.All("DistributedVirtualPortgroup") {
		group, ok := entity.(*simulator.DistributedVirtualPortgroup)
		if !ok || group.Key != backing.Port.PortgroupKey || group.Config.DistributedVirtualSwitch == nil {
			continue
		}
		dvs, ok := registry.Get(*group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
		if ok && dvs.Uuid == backing.Port.SwitchUuid {
			return group
		}
	}
	return nil
}
