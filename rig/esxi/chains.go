package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A disk may have a parent, whose content it shares until it is written to: that of a linked clone, and that of a VM
// with a snapshot. The API shows it in the disk's backing, and its descriptor names the parent's descriptor.

var parentHint = regexp.MustCompile(`(?m)^parentFileNameHint="(.+)"$`)

const childDescriptor = `# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=fffffffe
parentCID=%s
createType="vmfsSparse"
parentFileNameHint="%s"

# Extent description
RW %d VMFSSPARSE "%s"

# The Disk Data Base
`

const (
	sectorBytes = 512
	noContent   = "ffffffff" // parentCID of a disk that has none
)

// holding is the file that has what a disk held when its machine was last without power, and whether a machine of the
// lab has written it; there may be no such file.
func holding(descriptor string) (string, bool) {
	for {
		if _, err := os.Stat(overlayFile(descriptor)); err == nil {
			return overlayFile(descriptor), true
		}
		parent := parentFile(descriptor)
		if parent == "" {
			return contentFile(descriptor), false
		}
		descriptor = parent
	}
}

// beneath is the file with what a disk held before its machine first wrote to it.
func beneath(descriptor string) string {
	if parent := parentFile(descriptor); parent != "" {
		held, _ := holding(parent)
		return held
	}
	return contentFile(descriptor)
}

// parentFile is the descriptor of a disk's parent, "" if it has none.
func parentFile(descriptor string) string {
	file, err := os.Open(descriptor)
	if err != nil {
		return ""
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, vmdkHead))
	if err != nil {
		return ""
	}
	if found := parentHint.FindSubmatch(head); found != nil {
		return string(found[1])
	}
	return ""
}

// writeChild makes a disk that shares its parent's content; there is no disk of that name before.
func writeChild(descriptor, parent string, capacity int64) error {
	content, _ := holding(parent)
	id, err := diskContentID(content)
	if err != nil {
		id = noContent // that of an empty disk, or of one that a machine wrote
	}
	text := fmt.Sprintf(childDescriptor, id, parent, capacity/sectorBytes, path.Base(descriptor))
	file, err := os.OpenFile(descriptor, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// branch makes a disk's backing a child of what it was.
func branch(registry *simulator.Registry, disk *types.VirtualDisk, file string, parent *types.VirtualDiskFlatVer2BackingInfo) error {
	if err := writeChild(located(registry, file), located(registry, parent.FileName), capacityOf(disk)); err != nil {
		return err
	}
	backing := *parent
	backing.FileName, backing.Parent = file, parent
	backing.DeltaDiskFormat = string(types.VirtualDiskDeltaDiskFormatRedoLogFormat)
	backing.ThinProvisioned = types.NewBool(true)
	disk.Backing = &backing
	return nil
}

// flat is a disk's backing as a file that may have a parent; nil if it is none.
func flat(disk *types.VirtualDisk) *types.VirtualDiskFlatVer2BackingInfo {
	backing, _ := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	return backing
}

func parentBacking(disk *types.VirtualDisk) *types.VirtualDiskFlatVer2BackingInfo {
	if backing := flat(disk); backing != nil {
		return backing.Parent
	}
	return nil
}

func capacityOf(disk *types.VirtualDisk) int64 {
	return max(disk.CapacityInBytes, disk.CapacityInKB*1024)
}

// disksIn are the disks among devices.
func disksIn(devices []types.BaseVirtualDevice) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	for _, device := range object.VirtualDeviceList(devices).SelectByType((*types.VirtualDisk)(nil)) {
		disks = append(disks, device.(*types.VirtualDisk))
	}
	return disks
}

// chainFiles are the datastore paths of all files that a VM's disks consist of, those of its snapshots included.
func chainFiles(registry *simulator.Registry, vm *simulator.VirtualMachine) map[string]bool {
	devices := [][]types.BaseVirtualDevice{vm.Config.Hardware.Device}
	for _, reference := range registry.AllReference("VirtualMachineSnapshot") {
		if snapshot, ok := reference.(*simulator.VirtualMachineSnapshot); ok && snapshot.Vm == vm.Self {
			devices = append(devices, snapshot.Config.Hardware.Device)
		}
	}
	files := map[string]bool{}
	for _, each := range devices {
		for _, device := range each {
			backing, ok := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo)
			if !ok {
				continue
			}
			files[backing.GetVirtualDeviceFileBackingInfo().FileName] = true
			link, _ := backing.(*types.VirtualDiskFlatVer2BackingInfo)
			for link != nil {
				files[link.FileName] = true
				link = link.Parent
			}
		}
	}
	return files
}
