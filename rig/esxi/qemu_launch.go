package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
)

const (
	// qemuKey names the extraConfig entry that makes a VM a real machine. It comes before containerKey, so that a single
	// node may be one where all others are containers.
	qemuKey   = "RUN.qemu"
	serialLog = "serial.log" // what the guest writes to its first serial port
	qemuLog   = "qemu.log"
	seedDisc  = ".guestinfo.iso"
)

// launch starts the VM's process from what its folder holds.
func (r *realMachines) launch(ctx *simulator.Context, vm *simulator.VirtualMachine) (*liveMachine, error) {
	if err := qemu.Supported(); err != nil {
		return nil, err
	}
	folder := filepath.Dir(located(ctx.Map, vm.Config.Files.VmPathName))
	machine, err := r.machine(vm, folder)
	if err != nil {
		return nil, err
	}
	sizes := map[string]diskSize{}
	for _, found := range disksOf(vm) {
		descriptor := located(ctx.Map, found.path)
		disk := qemu.Disk{File: overlayFile(descriptor), Unit: found.unit}
		if err := qemu.Overlay(ctx, disk.File, beneath(descriptor), found.capacity); err != nil {
			return nil, fmt.Errorf("disk %s: %w", found.path, err)
		}
		now := time.Now() // ESXi writes to the disk of a machine that is on
		if err := os.Chtimes(descriptor, now, now); err != nil {
			return nil, err
		}
		machine.Disks = append(machine.Disks, disk)
		sizes[found.path] = diskSize{disk, found.capacity}
	}
	if machine.Seed, err = writeSeed(vm, folder); err != nil {
		return nil, err
	}
	if machine.Seed != "" {
		defer os.Remove(machine.Seed) // QEMU has it open; it holds a private key
	}
	taps, err := r.taps(len(machine.MACs))
	defer closeAll(taps)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	process, err := qemu.Start(machine, taps, filepath.Join(folder, qemuLog))
	if err != nil {
		return nil, err
	}
	return &liveMachine{process: process, mac: machine.MACs[0], disks: sizes, began: began}, nil
}

// machine is what the VM's configuration says, without what has to be made first.
func (r *realMachines) machine(vm *simulator.VirtualMachine, folder string) (qemu.Machine, error) {
	value, _ := extraConfig(vm, qemuKey)
	settings, _, err := qemu.ParseSettings(value)
	if err != nil {
		return qemu.Machine{}, fmt.Errorf("%s: %w", qemuKey, err)
	}
	if settings.Accelerator == "" {
		settings.Accelerator = r.accelerator
	}
	macs, err := supportedHardware(vm)
	if err != nil {
		return qemu.Machine{}, err
	}
	return qemu.Machine{
		Name:        vm.Name,
		UUID:        vm.Config.Uuid,
		CPUs:        int(vm.Config.Hardware.NumCPU),
		MemoryMiB:   int64(vm.Config.Hardware.MemoryMB),
		Nested:      vm.Config.NestedHVEnabled != nil && *vm.Config.NestedHVEnabled,
		Accelerator: settings.Accelerator,
		MACs:        macs,
		SerialLog:   filepath.Join(folder, serialLog),
	}, nil
}

// supportedHardware returns the MACs of the connected adapters. Every other device that the image or the provider may
// give and QEMU has not, is refused: a guest would miss it.
func supportedHardware(vm *simulator.VirtualMachine) ([]string, error) {
	var faults, macs []string
	controllers := map[int32]types.BaseVirtualDevice{}
	for _, device := range vm.Config.Hardware.Device {
		controllers[device.GetVirtualDevice().Key] = device
	}
	for _, device := range vm.Config.Hardware.Device {
		switch device := device.(type) {
		case *types.VirtualDisk:
			if _, ok := controllers[device.ControllerKey].(*types.ParaVirtualSCSIController); !ok {
				faults = append(faults, fmt.Sprintf("a disk on %T, wanted ParaVirtualSCSIController", controllers[device.ControllerKey]))
			}
		case *types.VirtualVmxnet3:
			if device.Connectable == nil || device.Connectable.StartConnected {
				macs = append(macs, device.MacAddress)
			}
		case types.BaseVirtualEthernetCard:
			faults = append(faults, fmt.Sprintf("network adapter %T, wanted VirtualVmxnet3", device))
		}
	}
	if len(macs) == 0 && len(faults) == 0 {
		faults = append(faults, "no network adapter that starts connected, wanted a VirtualVmxnet3")
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("a real machine of the lab cannot have its hardware: %s", strings.Join(faults, "; "))
	}
	return macs, nil
}

// attachedDisk is a disk of a VM; capacity in bytes.
type attachedDisk struct {
	path     string
	unit     int
	capacity int64
}

func disksOf(vm *simulator.VirtualMachine) []attachedDisk {
	var disks []attachedDisk
	for _, device := range vm.Config.Hardware.Device {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !ok {
			continue
		}
		unit := 0
		if disk.UnitNumber != nil {
			unit = int(*disk.UnitNumber)
		}
		capacity := max(disk.CapacityInBytes, disk.CapacityInKB*1024)
		disks = append(disks, attachedDisk{backing.GetVirtualDeviceFileBackingInfo().FileName, unit, capacity})
	}
	return disks
}

// writeSeed makes the disc with guest data, anew at each power-on as ESXi shows what is there then; "" if there is none.
func writeSeed(vm *simulator.VirtualMachine, folder string) (string, error) {
	files, err := qemu.SeedFiles(guestData(vm))
	if err != nil || files == nil {
		return "", err
	}
	disc := filepath.Join(folder, seedDisc)
	if err := qemu.WriteSeed(disc, files); err != nil {
		return "", errors.Join(fmt.Errorf("writing the disc with guest data: %w", err), os.RemoveAll(disc))
	}
	return disc, nil
}

func (r *realMachines) taps(count int) ([]*os.File, error) {
	var taps []*os.File
	for range count {
		tap, err := r.tap(r.bridge)
		if err != nil {
			return taps, err
		}
		taps = append(taps, tap)
	}
	return taps, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}
