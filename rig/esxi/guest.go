package main

import (
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// reportOn publishes a running VM with the address and MAC that VMware Tools would report.
func reportOn(ctx *simulator.Context, vm *simulator.VirtualMachine, address netip.Addr, subnet netip.Prefix) {
	card := firstCard(vm).GetVirtualEthernetCard()
	network := ""
	if backing, ok := card.Backing.(*types.VirtualEthernetCardNetworkBackingInfo); ok {
		network = backing.DeviceName
	}
	ip := address.String()
	now := time.Now()
	ctx.Update(vm, append(connected(vm, true), []types.PropertyChange{
		{Name: "runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOn},
		{Name: "runtime.bootTime", Val: now},
		{Name: "summary.runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOn},
		{Name: "summary.runtime.bootTime", Val: now},
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		{Name: "guest.guestState", Val: string(types.VirtualMachineGuestStateRunning)},
		{Name: "guest.hostName", Val: vm.Name},
		{Name: "guest.ipAddress", Val: ip},
		{Name: "guest.net", Val: []types.GuestNicInfo{{
			Network:        network,
			IpAddress:      []string{ip},
			MacAddress:     card.MacAddress,
			Connected:      true,
			DeviceConfigId: card.Key,
			IpConfig: &types.NetIpConfigInfo{IpAddress: []types.NetIpConfigInfoIpAddress{{
				IpAddress:    ip,
				PrefixLength: int32(subnet.Bits()),
				State:        string(types.NetIpConfigInfoIpAddressStatusPreferred),
			}}},
		}}},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "summary.guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		{Name: "summary.guest.hostName", Val: vm.Name},
		{Name: "summary.guest.ipAddress", Val: ip},
	}...))
}

// reportOff publishes a VM without power.
func reportOff(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.Update(vm, append(connected(vm, false), []types.PropertyChange{
		{Name: "runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOff},
		{Name: "summary.runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOff},
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)},
		{Name: "guest.guestState", Val: string(types.VirtualMachineGuestStateNotRunning)},
		{Name: "guest.ipAddress", Val: ""},
		{Name: "guest.net", Val: []types.GuestNicInfo{}},
		{Name: "summary.guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsNotRunning},
		{Name: "summary.guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)},
		{Name: "summary.guest.ipAddress", Val: ""},
	}...))
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
