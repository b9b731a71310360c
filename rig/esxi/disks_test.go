package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/nfc"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestADiskGrowsWhileItsMachineRunsAndOverAPowerCycle(t *testing.T) {
	r := newRealLab(t)
	grow := func(gib int64) error {
		disk := object.VirtualDeviceList(r.properties(r.vm).Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil))[0].(*types.VirtualDisk)
		disk.CapacityInKB, disk.CapacityInBytes = gib<<20, gib<<30
		return r.vm.EditDevice(t.Context(), disk)
	}
	r.must(r.done(r.vm.PowerOn))
	r.must(grow(2))
	if !strings.Contains(r.said("monitor"), fmt.Sprintf(`{"node-name":"disk0","size":%d}`, 2<<30)) {
		t.Errorf("the monitor was told:\n%s", r.said("monitor"))
	}
	r.must(r.done(r.vm.PowerOff))
	r.must(grow(3))
	r.must(r.done(r.vm.PowerOn))
	if images := r.said("images"); !strings.Contains(images, fmt.Sprintf("w1-written.qcow2 %d", 3<<30)) || strings.Count(images, "create") != 1 {
		t.Errorf("qemu-img was called with:\n%s", images)
	}
}

func TestACopiedDiskHasTheContentOfTheImageAndWhatWasWrittenSince(t *testing.T) {
	r := newRealLab(t)
	root := r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url
	r.must(os.WriteFile(filepath.Join(root, "w1", "w1-flat.vmdk"), []byte("KDMV content"), 0o600))
	copyTo := func(name string) error {
		manager := object.NewVirtualDiskManager(r.client.Client)
		datacenter := object.NewDatacenter(r.client.Client, r.registry.Any("Datacenter").Reference())
		task, err := manager.CopyVirtualDisk(t.Context(), "[LocalDS_0] w1/w1.vmdk", datacenter, "[LocalDS_0] w1/"+name, datacenter, nil, false)
		r.must(err)
		return task.Wait(t.Context())
	}
	r.must(copyTo("copy.vmdk"))
	if content, err := os.ReadFile(filepath.Join(root, "w1", "copy-flat.vmdk")); err != nil || string(content) != "KDMV content" {
		t.Errorf("the copy holds %q (%v)", content, err)
	}
	if err := copyTo("copy.vmdk"); err == nil || !strings.Contains(err.Error(), "FileAlreadyExists") {
		t.Errorf("a disk was copied over another: %v", err)
	}
	r.must(r.done(r.vm.PowerOn))
	r.must(r.done(r.vm.PowerOff))
	if images := r.said("images"); !strings.Contains(images, "-F vmdk") {
		t.Errorf("the disk's content was not taken for what it is:\n%s", images)
	}
	r.must(copyTo("later.vmdk"))
	if content, err := os.ReadFile(filepath.Join(root, "w1", "later-flat.vmdk")); err != nil || string(content) != "flat\n" {
		t.Errorf("the later copy holds %q (%v)", content, err)
	}
}

func TestTheContentOfAnImportedDiskIsKeptAndHalfAnUploadIsNot(t *testing.T) {
	l := newLab(t, containerOptions())
	pool, err := l.finder.DefaultResourcePool(t.Context())
	l.must(err)
	devices := object.VirtualDeviceList{}
	controller, err := devices.CreateSCSIController("pvscsi")
	l.must(err)
	controller.GetVirtualDevice().Key = -1
	disk := &types.VirtualDisk{CapacityInKB: 1024}
	disk.Key, disk.ControllerKey, disk.UnitNumber = -2, -1, types.NewInt32(0)
	disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[LocalDS_0] base/disk-0.vmdk"}}
	spec, err := object.VirtualDeviceList{controller, disk}.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	l.must(err)
	response, err := methods.ImportVApp(t.Context(), l.client, &types.ImportVApp{This: pool.Reference(), Spec: &types.VirtualMachineImportSpec{
		ConfigSpec: types.VirtualMachineConfigSpec{Name: "base", Files: &types.VirtualMachineFileInfo{VmPathName: "[LocalDS_0] base/base.vmx"}, DeviceChange: spec},
	}})
	l.must(err)
	info, err := nfc.NewLease(l.client.Client, response.Returnval).Wait(t.Context(), nil)
	l.must(err)
	content := filepath.Join(l.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "base", "disk-0-flat.vmdk")
	send := func(text string, length int64) error {
		url := l.client.URL().JoinPath("..", info.DeviceUrl[0].Url[strings.Index(info.DeviceUrl[0].Url, "/nfc/"):])
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url.String(), strings.NewReader(text))
		l.must(err)
		request.ContentLength = length
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	if err := send("KDMV half", 20); err == nil {
		t.Error("half an upload is no error")
	}
	if found, err := os.ReadFile(content); err != nil || len(found) != 0 {
		t.Errorf("after half an upload the disk holds %q (%v)", found, err)
	}
	l.must(send("KDMV content", 12))
	if found, err := os.ReadFile(content); err != nil || string(found) != "KDMV content" {
		t.Errorf("the disk holds %q (%v)", found, err)
	}
}
