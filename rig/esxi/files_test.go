package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
)

func TestDestroyingAVMLeavesTheFilesInItsFolderThatAreNotItsOwn(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	folder := filepath.Join(l.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	l.must(os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("mine"), 0o600))
	l.must(l.done(vm.Destroy))
	left, err := os.ReadDir(folder)
	l.must(err)
	if len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Fatalf("found %v", left)
	}
}

func TestAVMRegisteredAgainHasTheConfigurationThatItHad(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	before := l.properties(vm)
	l.must(vm.Unregister(t.Context()))
	folders, err := object.NewDatacenter(l.client.Client, l.registry.Any("Datacenter").Reference()).Folders(t.Context())
	l.must(err)
	pool, err := l.finder.DefaultResourcePool(t.Context())
	l.must(err)
	task, err := folders.VmFolder.RegisterVM(t.Context(), before.Config.Files.VmPathName, "w1", false, pool, nil)
	l.must(err)
	l.must(task.Wait(t.Context()))
	again, err := l.finder.VirtualMachine(t.Context(), "w1")
	l.must(err)
	after := l.properties(again)
	if after.Config.Annotation != "mine" || after.Config.InstanceUuid != before.Config.InstanceUuid || len(after.Config.ExtraConfig) != len(before.Config.ExtraConfig) {
		t.Fatalf("found %+v", after.Config)
	}
}

func TestADestroyedVMsFilesAreGoneWhenItsTaskIsDone(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	folder := filepath.Join(l.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	for number := range 5000 {
		l.must(os.WriteFile(filepath.Join(folder, fmt.Sprintf("vmware-%d.log", number)), nil, 0o600))
	}
	l.must(l.done(vm.Destroy))
	if left, err := os.ReadDir(folder); !os.IsNotExist(err) {
		t.Fatalf("%d files are left (%v)", len(left), err)
	}
}
