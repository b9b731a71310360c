package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
)

// configurations are those of VMs that were taken out of the inventory, by the path of the .vmx file: ESXi reads them
// there when the VM is registered again, the simulator's files are empty.
type configurations struct {
	mu   sync.Mutex
	kept map[string]configuration
}

// configuration is what the simulator knows of a VM that its .vmx file would say.
type configuration struct {
	config types.VirtualMachineConfigInfo
	cards  []types.GuestNicInfo
}

func (c *configurations) keep(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	ctx.Map.WithLock(ctx, vm, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kept[vm.Config.Files.VmPathName] = configuration{*vm.Config, vm.Guest.Net}
	})
}

func (c *configurations) of(file string) (configuration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.kept[file]
	return found, ok
}

// registeringFolder registers a VM with the configuration that it had.
type registeringFolder struct {
	*simulator.Folder
	configurations *configurations
}

func (f *registeringFolder) RegisterVMTask(ctx *simulator.Context, req *types.RegisterVM_Task) soap.HasFault {
	task := simulator.CreateTask(f, "registerVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		if err := haveNVRAM(ctx, req.Path, req.Name); err != nil {
			return nil, failed(err)
		}
		result, fault := inner(ctx, f.Folder.RegisterVMTask(ctx, req).(*methods.RegisterVM_TaskBody).Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		kept, ok := f.configurations.of(req.Path)
		if vm, isVM := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine); ok && isVM {
			ctx.Map.WithLock(ctx, vm, func() {
				kept.config.Name = vm.Config.Name
				*vm.Config = kept.config
				vm.Summary.Config.InstanceUuid = kept.config.InstanceUuid
				vm.Summary.Config.Uuid = kept.config.Uuid
				vm.Guest.Net = kept.cards
			})
		}
		return result, nil
	})
	return &methods.RegisterVM_TaskBody{Res: &types.RegisterVM_TaskResponse{Returnval: task.Run(ctx)}}
}

// haveNVRAM lets a VM be registered whose files are not called as it is: the simulator wants its NVRAM to be.
func haveNVRAM(ctx *simulator.Context, vmx, name string) error {
	file := located(ctx.Map, vmx)
	if _, err := os.Stat(file); file == "" || name == "" || err != nil {
		return nil // the simulator says what is wrong
	}
	nvram, err := os.OpenFile(filepath.Join(filepath.Dir(file), name+".nvram"), os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return nvram.Close()
}

const deletion = "FileManager.deleteDatastoreFile"

// filesVM is a VM whose end leaves the files in its folder that are not its own; the simulator deletes the folder.
type filesVM struct{ *simulator.VirtualMachine }

func (vm *filesVM) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	task := simulator.CreateTask(vm, "destroy", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return nil, destroy(ctx, vm.VirtualMachine, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task.Run(ctx)}}
}

// destroy ends a VM with its own files alone.
func destroy(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.Destroy_Task) types.BaseMethodFault {
	restore, err := setAside(ctx, vm)
	if err != nil {
		return failed(err)
	}
	body := vm.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
	_, fault := inner(ctx, body.Res.Returnval)
	settleDeletions(ctx)
	if err := restore(); err != nil && fault == nil {
		return failed(err)
	}
	return fault
}

// settleDeletions waits until files are gone: the simulator's end of a VM leaves that to a task that nobody waits for.
func settleDeletions(ctx *simulator.Context) {
	for _, entity := range ctx.Map.AllReference("Task") {
		if task, ok := entity.(*simulator.Task); ok && task.Info.DescriptionId == deletion {
			task.Wait()
		}
	}
}

// inner waits for a task of the simulator's own.
func inner(ctx *simulator.Context, ref types.ManagedObjectReference) (types.AnyType, types.BaseMethodFault) {
	task, ok := ctx.Map.Get(ref).(*simulator.Task)
	if !ok {
		return nil, &types.GenericVmConfigFault{Reason: "task " + ref.Value + " is gone"}
	}
	task.Wait()
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}

// setAside moves what is not the VM's out of its folder; the function that it returns moves it back.
func setAside(ctx *simulator.Context, vm *simulator.VirtualMachine) (func() error, error) {
	root, folder := directory(ctx, vm)
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if os.IsNotExist(err) || folder == "" || folder == "." {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	own := ownFiles(ctx.Map, vm)
	aside := filepath.Join(root, "."+folder+".aside")
	var moved []string
	for _, entry := range entries {
		if own(entry.Name()) {
			continue
		}
		if err := os.MkdirAll(aside, 0o700); err != nil {
			return nil, err
		}
		if err := os.Rename(filepath.Join(root, folder, entry.Name()), filepath.Join(aside, entry.Name())); err != nil {
			return nil, err
		}
		moved = append(moved, entry.Name())
	}
	return func() error {
		if len(moved) == 0 {
			return nil
		}
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			return err
		}
		for _, name := range moved {
			if err := os.Rename(filepath.Join(aside, name), filepath.Join(root, folder, name)); err != nil {
				return err
			}
		}
		return os.Remove(aside)
	}, nil
}

// directory returns the datastore's directory on this machine, and the VM's folder in it.
func directory(ctx *simulator.Context, vm *simulator.VirtualMachine) (string, string) {
	var file object.DatastorePath
	file.FromString(vm.Config.Files.VmPathName)
	for _, entity := range ctx.Map.All("Datastore") {
		if datastore := entity.(*simulator.Datastore); datastore.Name == file.Datastore {
			return datastore.Summary.Url, path.Dir(file.Path)
		}
	}
	return "", ""
}

var ownKinds = []string{".vmx", ".vmxf", ".nvram", ".vmsd", ".vmsn", ".log", ".lck", ".vswp"}

// ownFiles tells whether a file of the VM's folder is the VM's: a disk is as long as it is attached, or a parent of one
// that is. What another VM has, such as a linked clone its parent, stays as that one's.
func ownFiles(registry *simulator.Registry, vm *simulator.VirtualMachine) func(name string) bool {
	folder := path.Dir(vm.Config.Files.VmPathName)
	disks := chainFiles(registry, vm)
	for _, entity := range registry.All("VirtualMachine") {
		if other, ok := entity.(*simulator.VirtualMachine); ok && other.Self != vm.Self && other.Config != nil {
			for file := range chainFiles(registry, other) {
				delete(disks, file)
			}
		}
	}
	return func(name string) bool {
		if disk, written := strings.CutSuffix(name, qemu.OverlaySuffix); written {
			name = disk + ".vmdk"
		}
		if path.Ext(name) != ".vmdk" {
			return slices.Contains(ownKinds, path.Ext(name))
		}
		return disks[path.Join(folder, strings.Replace(name, "-flat.vmdk", ".vmdk", 1))]
	}
}
