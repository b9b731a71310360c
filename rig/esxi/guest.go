package main

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// reportOn publishes a VM that has power and whose VMware Tools do not run yet.
func reportOn(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	now := time.Now()
	ctx.Update(vm, slices.Concat(connected(vm, true), powered(types.VirtualMachinePowerStatePoweredOn), withoutTools(), []types.PropertyChange{
		{Name: "runtime.bootTime", Val: now},
		{Name: "summary.runtime.bootTime", Val: now},
	}))
}

// reportTools publishes what VMware Tools report of a running guest: its name, and the first adapter's address and MAC.
func reportTools(ctx *simulator.Context, vm *simulator.VirtualMachine, address netip.Prefix, name string) {
	card := firstCard(vm).GetVirtualEthernetCard()
	network := ""
	switch backing := card.Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		network = backing.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		if group := portGroup(ctx.Map, backing); group != nil {
			network = group.Name
		}
	}
	ip := address.Addr().String()
	ctx.Update(vm, []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		{Name: "guest.guestState", Val: string(types.VirtualMachineGuestStateRunning)},
		{Name: "guest.hostName", Val: name},
		{Name: "guest.ipAddress", Val: ip},
		{Name: "guest.net", Val: []types.GuestNicInfo{{
			Network:        network,
			IpAddress:      []string{ip},
			MacAddress:     card.MacAddress,
			Connected:      true,
			DeviceConfigId: card.Key,
			IpConfig: &types.NetIpConfigInfo{IpAddress: []types.NetIpConfigInfoIpAddress{{
				IpAddress:    ip,
				PrefixLength: int32(address.Bits()),
				State:        string(types.NetIpConfigInfoIpAddressStatusPreferred),
			}}},
		}}},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "summary.guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		{Name: "summary.guest.hostName", Val: name},
		{Name: "summary.guest.ipAddress", Val: ip},
	})
}

// reportSilence publishes a VM whose VMware Tools have stopped: its guest begins anew.
func reportSilence(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.Update(vm, withoutTools())
}

// reportSuspended publishes a VM that is held.
func reportSuspended(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.Update(vm, slices.Concat(powered(types.VirtualMachinePowerStateSuspended), withoutTools()))
}

// reportOff publishes a VM without power.
func reportOff(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.Update(vm, slices.Concat(connected(vm, false), powered(types.VirtualMachinePowerStatePoweredOff), withoutTools()))
}

func powered(state types.VirtualMachinePowerState) []types.PropertyChange {
	return []types.PropertyChange{{Name: "runtime.powerState", Val: state}, {Name: "summary.runtime.powerState", Val: state}}
}

func withoutTools() []types.PropertyChange {
	return []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)},
		{Name: "guest.guestState", Val: string(types.VirtualMachineGuestStateNotRunning)},
		{Name: "guest.ipAddress", Val: ""},
		{Name: "guest.net", Val: []types.GuestNicInfo{}},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "summary.guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)},
		{Name: "summary.guest.ipAddress", Val: ""},
	}
}

// connected sets the state of every device that starts connected.
func connected(vm *simulator.VirtualMachine, on bool) []types.PropertyChange {
	devices := vm.Config.Hardware.Device
	for _, device := range devices {
		if connectable := device.GetVirtualDevice().Connectable; connectable != nil {
			connectable.Connected = on && connectable.StartConnected
		}
	}
	return []types.PropertyChange{{Name: "config.hardware.device", Val: devices}}
}
