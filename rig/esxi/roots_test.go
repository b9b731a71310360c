package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// descriptor is the head of a streamOptimized disk with this content id.
func descriptor(id string) string {
	return "KDMV" + strings.Repeat("\x00", 508) + "# Disk DescriptorFile\nversion=1\nCID=" + id + "\nparentCID=ffffffff\n"
}

// diskNode makes a VM whose container has the root file system of its disk, which holds this content.
func (r *realLab) diskNode(name, content string) *object.VirtualMachine {
	r.Helper()
	vm := r.realNode(name, "false")
	r.reconfigure(vm, types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: containerKey, Value: `["--tmpfs=/run", "image-of-disk"]`},
	}})
	root := r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url
	r.must(os.WriteFile(filepath.Join(root, name, name+"-flat.vmdk"), []byte(content), 0o600))
	return vm
}

// roots is a file of container images, each given as CID=IMAGE.
func roots(t *testing.T, values ...string) containerRoots {
	t.Helper()
	images := map[string]string{}
	for _, value := range values {
		id, image, _ := strings.Cut(value, "=")
		images[id] = image
	}
	text, err := json.Marshal(images)
	file := filepath.Join(t.TempDir(), "roots.json")
	if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return containerRoots(file)
}

func TestAHostWithoutContainerRootsSaysSo(t *testing.T) {
	r := newRealLab(t)
	err := r.done(r.diskNode("w2", descriptor("0123abcd")).PowerOn)
	if err == nil || !strings.Contains(reason(err), "started without -container-roots") {
		t.Fatalf("found %v", err)
	}
}

func TestAContainerRootThatCameSinceIsKnown(t *testing.T) {
	r := newRealLab(t)
	r.machines.roots = roots(t, "4567abcd=node:b")
	vm := r.diskNode("w2", descriptor("0123abcd"))
	if err := r.done(vm.PowerOn); err == nil {
		t.Fatal("a VM was started from what its container cannot have")
	}
	r.must(os.WriteFile(string(r.machines.roots), []byte(`{"0123abcd": "node:a"}`), 0o600))
	r.must(r.done(vm.PowerOn))
}

func TestAContainerHasTheRootFileSystemOfItsVMsDisk(t *testing.T) {
	r := newRealLab(t)
	r.machines.roots = roots(t, "0123abcd=node:a", "4567abcd=node:b")
	r.must(r.done(r.diskNode("w2", descriptor("4567abcd")).PowerOn))
	r.must(r.done(r.diskNode("w3", descriptor("0123abcd")).PowerOn))
	calls := r.calls()
	for name, image := range map[string]string{"test-w2": "node:b", "test-w3": "node:a"} {
		var created []string
		for line := range strings.Lines(calls) {
			if strings.HasPrefix(line, "create --name "+name) {
				created = append(created, line)
			}
		}
		if len(created) != 1 || !strings.HasSuffix(created[0], " --tmpfs=/run "+image+"\n") {
			t.Errorf("the container of %s was created by %q", name, created)
		}
	}
	if strings.Contains(calls, imageOfDisk) {
		t.Errorf("the engine was called with:\n%s", calls)
	}
}

func TestACopiedDiskGivesTheContainerRootOfItsImage(t *testing.T) {
	r := newRealLab(t)
	r.machines.roots = roots(t, "0123abcd=node:a")
	r.diskNode("base", descriptor("0123abcd"))
	vm := r.diskNode("w2", "")
	root := r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url
	for _, name := range []string{"w2.vmdk", "w2-flat.vmdk"} {
		r.must(os.RemoveAll(filepath.Join(root, "w2", name)))
	}
	manager := object.NewVirtualDiskManager(r.client.Client)
	datacenter := object.NewDatacenter(r.client.Client, r.registry.Any("Datacenter").Reference())
	task, err := manager.CopyVirtualDisk(t.Context(), "[LocalDS_0] base/base.vmdk", datacenter, "[LocalDS_0] w2/w2.vmdk", datacenter, nil, false)
	r.must(err)
	r.must(task.Wait(t.Context()))
	r.must(r.done(vm.PowerOn))
	if !strings.Contains(r.calls(), " node:a\n") {
		t.Errorf("the engine was called with:\n%s", r.calls())
	}
}

func TestADiskOfUnknownContentGivesNoContainerRootAndSaysWhichAreKnown(t *testing.T) {
	r := newRealLab(t)
	r.machines.roots = roots(t, "4567abcd=node:b", "0123abcd=node:a")
	vm := r.diskNode("w2", descriptor("deadbeef"))
	err := r.done(vm.PowerOn)
	if err == nil {
		t.Fatal("a VM was started from what its container cannot have")
	}
	for _, wanted := range []string{"VM w2", "[LocalDS_0] w2/w2.vmdk", `"deadbeef"`, "0123abcd, 4567abcd"} {
		if !strings.Contains(reason(err), wanted) {
			t.Errorf("%q does not mention %s", reason(err), wanted)
		}
	}
	if state := r.properties(vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff || len(r.containers()) != 0 {
		t.Errorf("the VM is %s, containers %v", state, r.containers())
	}
}

func TestADiskWithoutAContentIDGivesNoContainerRoot(t *testing.T) {
	r := newRealLab(t)
	r.machines.roots = roots(t, "0123abcd=node:a")
	late := strings.Repeat("\x00", vmdkHead) + "\nCID=0123abcd\n"
	for name, content := range map[string]string{"empty": "", "raw": "some file system", "late": late, "parent": "parentCID=0123abcd\n"} {
		err := r.done(r.diskNode(name, content).PowerOn)
		if err == nil || !strings.Contains(reason(err), "found no content id") || !strings.Contains(reason(err), name+".vmdk") {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

func TestAVMWithoutADiskGivesNoContainerRoot(t *testing.T) {
	l := newLab(t, containerOptions())
	vm := l.node("w1")
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: containerKey, Value: imageOfDisk},
	}})
	l.must(err)
	l.must(task.Wait(t.Context()))
	if err := l.done(vm.PowerOn); err == nil || !strings.Contains(reason(err), "VM w1: no disk") || len(l.containers()) != 0 {
		t.Fatalf("found %v, containers %v", err, l.containers())
	}
}

func TestAnImageThatIsNamedNeedsNoContainerRoot(t *testing.T) {
	l := newLab(t, containerOptions())
	l.must(l.done(l.node("w1").PowerOn))
	if !strings.HasSuffix(strings.Split(l.calls(), "\n")[0], " node:1") {
		t.Fatalf("the engine was called with:\n%s", l.calls())
	}
}
