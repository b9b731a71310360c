package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/engine"
	"kubelab/rig/esxi/qemu"
)

// containerKey names the extraConfig entry that makes a VM a container.
const containerKey = "RUN.container"

// spec is the container of a VM, with an address reserved for it.
func (m *machines) spec(ctx *simulator.Context, vm *simulator.VirtualMachine) (engine.Spec, error) {
	value, _ := extraConfig(vm, containerKey)
	arguments, err := engine.ParseArguments(value)
	if err != nil {
		return engine.Spec{}, fmt.Errorf("VM %s: %w", vm.Name, err)
	}
	if arguments[len(arguments)-1] == imageOfDisk {
		if arguments[len(arguments)-1], err = m.roots.of(ctx.Map, vm); err != nil {
			return engine.Spec{}, fmt.Errorf("VM %s: %w", vm.Name, err)
		}
	}
	card := firstCard(vm)
	if card == nil {
		return engine.Spec{}, fmt.Errorf("VM %s: found no network adapter; add one on the container network", vm.Name)
	}
	address, err := m.reservations.Reserve(vm.Self.String())
	if err != nil {
		return engine.Spec{}, fmt.Errorf("VM %s: %w", vm.Name, err)
	}
	environment := guestInformation(vm)
	// The node takes this MAC itself: how an engine is told one depends on its version and its client's.
	environment["VMX_ETHERNET0_ADDRESS"] = card.GetVirtualEthernetCard().MacAddress
	environment["KUBELAB_GATEWAY"] = m.reservations.Gateway.String()
	if networkOfGuest(vm) != nil {
		environment["KUBELAB_NETWORK"] = "guest"
	}
	return engine.Spec{
		Name:        fmt.Sprintf("%s-%s-%s.%s", engine.Sanitized(m.engine.Rig), engine.Sanitized(vm.Name), vm.Self.Value, engine.Sanitized(m.engine.Host)),
		Hostname:    engine.Sanitized(vm.Name),
		Address:     address,
		Environment: environment,
		Arguments:   arguments,
	}, nil
}

// guestInformation is what the guest reads: VMX_GUESTINFO_* as cloud-init's VMware datasource wants it from a
// container's environment, and the BIOS UUID.
func guestInformation(vm *simulator.VirtualMachine) map[string]string {
	environment := map[string]string{"VMX_UUID_BIOS": vm.Config.Uuid}
	for _, option := range vm.Config.ExtraConfig {
		value := option.GetOptionValue()
		if strings.HasPrefix(value.Key, "guestinfo.") {
			name := "VMX_" + strings.ToUpper(strings.ReplaceAll(value.Key, ".", "_"))
			environment[name] = fmt.Sprint(value.Value)
			environment["VMX_GUESTINFO"] = "true"
		}
	}
	return environment
}

// networkOfGuest is the network configuration among a VM's guest data, nil if there is none: cloud-init's default then is
// DHCP, in place of which the engine gives an address. So it is for guest data that cannot be read.
func networkOfGuest(vm *simulator.VirtualMachine) []byte {
	files, err := qemu.SeedFiles(guestData(vm))
	if err != nil {
		return nil
	}
	return files["network-config"]
}

// guestData are the keys that a guest can ask for.
func guestData(vm *simulator.VirtualMachine) map[string]string {
	data := map[string]string{}
	for _, option := range vm.Config.ExtraConfig {
		value := option.GetOptionValue()
		data[value.Key] = fmt.Sprint(value.Value)
	}
	return data
}

func extraConfig(vm *simulator.VirtualMachine, key string) (string, bool) {
	for _, option := range vm.Config.ExtraConfig {
		if value := option.GetOptionValue(); value.Key == key {
			return fmt.Sprint(value.Value), true
		}
	}
	return "", false
}

func firstCard(vm *simulator.VirtualMachine) types.BaseVirtualEthernetCard {
	for _, device := range vm.Config.Hardware.Device {
		if card, ok := device.(types.BaseVirtualEthernetCard); ok {
			return card
		}
	}
	return nil
}
