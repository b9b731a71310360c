package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"kubelab/rig/esxi/qemu"
)

// A disk is its descriptor, a file that clients name, and beside it what the simulator never looks into: its content
// (as it was uploaded: see uploads) and what a real machine has written over it.

// located returns where a datastore path lies on this machine, "" if there is no such datastore.
func located(registry *simulator.Registry, name string) string {
	var file object.DatastorePath
	file.FromString(name)
	for _, entity := range registry.All("Datastore") {
		if datastore := entity.(*simulator.Datastore); datastore.Name == file.Datastore {
			return filepath.Join(datastore.Summary.Url, filepath.Clean("/"+file.Path))
		}
	}
	return ""
}

// contentFile is the file with a disk's content, named as ESXi names it.
func contentFile(descriptor string) string {
	folder, name := filepath.Split(descriptor)
	return filepath.Join(folder, simulator.VirtualDiskBackingFileName(name))
}

// overlayFile is the file with what was written to a disk.
func overlayFile(descriptor string) string {
	return strings.TrimSuffix(descriptor, ".vmdk") + qemu.OverlaySuffix
}

// linkedDisks copies disks without copying their content, which is never written to.
type linkedDisks struct{ *simulator.VirtualDiskManager }

func (m *linkedDisks) CopyVirtualDiskTask(ctx *simulator.Context, req *types.CopyVirtualDisk_Task) soap.HasFault {
	task := simulator.CreateTask(m, "copyVirtualDisk", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		source, destination := located(ctx.Map, req.SourceName), located(ctx.Map, req.DestName)
		if source == "" {
			return nil, &types.InvalidDatastorePath{DatastorePath: req.SourceName}
		}
		return nil, fileFault(copyDisk(ctx, source, destination, req.Force != nil && *req.Force), req.SourceName, req.DestName)
	})
	return &methods.CopyVirtualDisk_TaskBody{Res: &types.CopyVirtualDisk_TaskResponse{Returnval: task.Run(ctx)}}
}

func copyDisk(ctx *simulator.Context, source, destination string, force bool) error {
	descriptor := source
	for parent := parentFile(descriptor); parent != ""; parent = parentFile(descriptor) {
		descriptor = parent // the copy has no parent
	}
	text, err := os.ReadFile(descriptor)
	if err != nil {
		return err
	}
	if force {
		for _, file := range []string{destination, contentFile(destination), overlayFile(destination)} {
			if err := os.RemoveAll(file); err != nil {
				return err
			}
		}
	}
	file, err := os.OpenFile(destination, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = copyHeld(ctx, source, destination)
	}
	if err != nil {
		return errors.Join(err, os.Remove(destination))
	}
	return nil
}

// copyHeld copies what a disk holds, with the content of its parents.
func copyHeld(ctx *simulator.Context, source, destination string) error {
	held, written := holding(source)
	if written {
		return qemu.Flatten(ctx, held, contentFile(destination))
	}
	return os.Link(held, contentFile(destination))
}

func fileFault(err error, source, destination string) types.BaseMethodFault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrExist):
		return &types.FileAlreadyExists{FileFault: types.FileFault{File: destination}}
	case errors.Is(err, os.ErrNotExist):
		return &types.FileNotFound{FileFault: types.FileFault{File: source}}
	default:
		return failed(err)
	}
}
