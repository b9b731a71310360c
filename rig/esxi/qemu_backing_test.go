package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/nfc"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const patience = 20 * time.Second

// realLab is a lab whose machines run by a QEMU made of a shell (testdata), on a host with one VM.
type realLab struct {
	*lab
	vm     *object.VirtualMachine
	state  string // the fake's directory
	leases string
}

func newRealLab(t *testing.T) *realLab {
	t.Helper()
	state := t.TempDir()
	t.Setenv("QEMU_STATE", state)
	opts := containerOptions()
	opts.bridge, opts.leases, opts.leaseTime, opts.accelerator = "br0", filepath.Join(state, "leases"), time.Hour, "tcg"
	r := &realLab{lab: newLab(t, opts), state: state, leases: opts.leases}
	r.real.tap = func(string) (*os.File, error) { return os.Open(os.DevNull) }
	t.Cleanup(func() { r.must(r.real.close(context.Background())) })
	r.vm = r.realNode("w1", `{}`)
	return r
}

// realNode makes a VM with one disk on a pvscsi controller, as the provider does.
func (r *realLab) realNode(name, settings string) *object.VirtualMachine {
	r.Helper()
	vm := r.node(name)
	devices := object.VirtualDeviceList{}
	controller, err := devices.CreateSCSIController("pvscsi")
	r.must(err)
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), types.ManagedObjectReference{}, fmt.Sprintf("[LocalDS_0] %s/%s.vmdk", name, name))
	disk.CapacityInKB = 1024 * 1024
	disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Datastore = nil
	r.must(vm.AddDevice(r.Context(), controller, disk))
	r.reconfigure(vm, types.VirtualMachineConfigSpec{
		NumCPUs: 2, MemoryMB: 2048, NestedHVEnabled: types.NewBool(true),
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: qemuKey, Value: settings}},
	})
	return vm
}

func (r *realLab) reconfigure(vm *object.VirtualMachine, spec types.VirtualMachineConfigSpec) {
	r.Helper()
	task, err := vm.Reconfigure(r.Context(), spec)
	r.must(err)
	r.must(task.Wait(r.Context()))
}

func (r *realLab) said(file string) string {
	content, _ := os.ReadFile(filepath.Join(r.state, file))
	return string(content)
}

// guest says what the guest does next.
func (r *realLab) guest(does string) {
	r.Helper()
	r.must(os.WriteFile(filepath.Join(r.state, "guest.new"), []byte(does), 0o600))
	r.must(os.Rename(filepath.Join(r.state, "guest.new"), filepath.Join(r.state, "guest")))
}

// lease gives the VM an address, as dnsmasq would at this moment.
func (r *realLab) lease(address string) {
	r.Helper()
	mac := firstCard(&simulator.VirtualMachine{VirtualMachine: r.properties(r.vm)}).GetVirtualEthernetCard().MacAddress
	line := fmt.Sprintf("%d %s %s debian ff:01\n", time.Now().Add(time.Hour).Unix()+1, mac, address)
	r.must(os.WriteFile(r.leases, []byte(line), 0o600))
}

func (r *realLab) until(wanted string, holds func() bool) {
	r.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			found := r.properties(r.vm)
			r.Fatalf("not %s within %s: %s, tools %s, address %q", wanted, patience, found.Runtime.PowerState, found.Guest.ToolsRunningStatus, found.Guest.IpAddress)
		}
	}
}

func (r *realLab) untilState(state types.VirtualMachinePowerState) {
	r.Helper()
	r.until(string(state), func() bool { return r.properties(r.vm).Runtime.PowerState == state })
}

func (r *realLab) untilAddress(address string) {
	r.Helper()
	r.until("at "+address, func() bool { return r.properties(r.vm).Guest.IpAddress == address })
}

func (r *realLab) starts() int { return strings.Count(r.said("calls"), "-nodefaults") }

func TestAMachineRunsWithTheHardwareThatItsVMHas(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	called := r.said("calls")
	for _, wanted := range []string{"-name w1 ", "-smp 2 -m 2048M", "qemu64,+svm", "/w1/w1-written.qcow2", "vmxnet3,netdev=net0,mac=00:0c:29:"} {
		if !strings.Contains(called, wanted) {
			t.Errorf("QEMU was called without %q:\n%s", wanted, called)
		}
	}
	if strings.Contains(called, "c2VjcmV0") {
		t.Errorf("guest data is in an argument:\n%s", called)
	}
	if created := r.said("images"); !strings.Contains(created, fmt.Sprint(1<<30)) {
		t.Errorf("qemu-img was called with:\n%s", created)
	}
	if calls := r.calls(); strings.Contains(calls, "create") {
		t.Errorf("a container was made besides:\n%s", calls)
	}
	folder := filepath.Join(r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	if left, err := filepath.Glob(filepath.Join(folder, "*.iso")); err != nil || len(left) != 0 {
		t.Errorf("the guest's private key is left in %v (%v)", left, err)
	}
}

func TestOneNodeIsARealMachineAndAnotherOfTheSameSiteAContainer(t *testing.T) {
	r := newRealLab(t)
	other := r.realNode("w2", "false")
	r.must(r.done(other.PowerOn))
	if r.starts() != 0 || len(r.containers()) != 1 {
		t.Fatalf("%d processes, containers %v", r.starts(), r.containers())
	}
	r.must(r.done(r.vm.PowerOn))
	if r.starts() != 1 || len(r.containers()) != 1 {
		t.Fatalf("%d processes, containers %v", r.starts(), r.containers())
	}
}

func TestAnAddressIsReportedOnceTheGuestHasALeaseOfThisBoot(t *testing.T) {
	r := newRealLab(t)
	r.lease("10.9.0.4")
	old, err := os.ReadFile(r.leases)
	r.must(err)
	expiry := fmt.Sprint(time.Now().Add(time.Hour).Unix() - 60)
	r.must(os.WriteFile(r.leases, append([]byte(expiry), old[strings.Index(string(old), " "):]...), 0o600))
	r.must(r.done(r.vm.PowerOn))
	found := r.properties(r.vm)
	if found.Guest.IpAddress != "" || found.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning) {
		t.Fatalf("at power-on the guest is at %q, tools %s", found.Guest.IpAddress, found.Guest.ToolsRunningStatus)
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	found = r.properties(r.vm)
	if found.Guest.HostName != "debian" || len(found.Guest.Net) != 1 || found.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning) {
		t.Fatalf("found %+v", found.Guest)
	}
}

func TestAGuestThatRestartsItselfIsSilentUntilItHasItsAddressAgain(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(os.Remove(r.leases))
	r.guest("reset")
	r.untilAddress("")
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn || r.starts() != 1 {
		t.Fatalf("a restarting guest is %s after %d starts", state, r.starts())
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
}

func TestAGuestThatPowersOffIsOffAndCanBePoweredOn(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.guest("off")
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	r.must(r.done(r.vm.PowerOn))
	if err := r.done(r.vm.PowerOn); err == nil || r.starts() != 2 {
		t.Fatalf("a machine that is on was started (%v); %d starts", err, r.starts())
	}
}

func TestShutdownAndRebootAskOnlyAGuestWhoseToolsRun(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	if err := r.vm.ShutdownGuest(t.Context()); err == nil || !strings.Contains(err.Error(), "ToolsUnavailable") {
		t.Fatalf("found %v", err)
	}
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(r.vm.RebootGuest(t.Context()))
	r.until("started twice", func() bool { return r.starts() == 2 })
	r.untilState(types.VirtualMachinePowerStatePoweredOn)
	r.lease("10.9.0.5")
	r.untilAddress("10.9.0.5")
	r.must(r.vm.ShutdownGuest(t.Context()))
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	if pressed := strings.Count(r.said("monitor"), "system_powerdown"); pressed != 2 || r.starts() != 2 {
		t.Fatalf("the power button was pressed %d times, %d starts", pressed, r.starts())
	}
}

func TestAGuestThatDoesNotListenIsOffWhenItsPowerIsCut(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.guest("deaf")
	r.must(r.vm.ShutdownGuest(t.Context()))
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn {
		t.Fatalf("it is %s", state)
	}
	r.must(r.done(r.vm.PowerOff))
	if off := r.properties(r.vm); off.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff || off.Guest.IpAddress != "" {
		t.Fatalf("it is %s at %q", off.Runtime.PowerState, off.Guest.IpAddress)
	}
	if err := r.done(r.vm.PowerOff); err == nil {
		t.Fatal("a machine that is off was powered off")
	}
}

func TestASuspendedMachineGoesOnWhereItWasAndASuspendedOneCanBePoweredOff(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(r.done(r.vm.Suspend))
	if found := r.properties(r.vm); found.Runtime.PowerState != types.VirtualMachinePowerStateSuspended || found.Guest.IpAddress != "" {
		t.Fatalf("it is %s at %q", found.Runtime.PowerState, found.Guest.IpAddress)
	}
	r.must(r.done(r.vm.PowerOn))
	if found := r.properties(r.vm); found.Guest.IpAddress != "10.9.0.4" || r.starts() != 1 {
		t.Fatalf("it is at %q after %d starts", found.Guest.IpAddress, r.starts())
	}
	r.must(r.done(r.vm.Suspend))
	r.must(r.done(r.vm.PowerOff))
	r.untilState(types.VirtualMachinePowerStatePoweredOff)
	for _, wanted := range []string{`"stop"`, `"cont"`} {
		if !strings.Contains(r.said("monitor"), wanted) {
			t.Errorf("the monitor was not told %s:\n%s", wanted, r.said("monitor"))
		}
	}
}

func TestAResetKeepsTheProcessAndForgetsTheAddress(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.lease("10.9.0.4")
	r.untilAddress("10.9.0.4")
	r.must(os.Remove(r.leases))
	r.must(r.done(r.vm.Reset))
	if found := r.properties(r.vm); found.Guest.IpAddress != "" || found.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || r.starts() != 1 {
		t.Fatalf("it is %s at %q after %d starts", found.Runtime.PowerState, found.Guest.IpAddress, r.starts())
	}
}

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

func TestAMachineThatCannotStartSaysWhyAndStaysOff(t *testing.T) {
	r := newRealLab(t)
	r.must(os.WriteFile(filepath.Join(r.state, "broken"), nil, 0o600))
	err := r.done(r.vm.PowerOn)
	if err == nil || !strings.Contains(reason(err), "cannot set up guest memory") || !strings.Contains(reason(err), "w1") {
		t.Fatalf("found %v", err)
	}
	if state := r.properties(r.vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff {
		t.Fatalf("it is %s", state)
	}
	wrong := r.realNode("w2", `{"accelerator": "xen"}`)
	if err := r.done(wrong.PowerOn); err == nil || !strings.Contains(reason(err), "RUN.qemu") || !strings.Contains(reason(err), "xen") {
		t.Fatalf("found %v", err)
	}
}

func TestDestroyingAMachineLeavesNeitherItsDiskNorItsLogs(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	folder := filepath.Join(r.registry.Any("Datastore").(*simulator.Datastore).Summary.Url, "w1")
	if _, err := os.Stat(filepath.Join(folder, "w1-written.qcow2")); err != nil {
		t.Fatal(err)
	}
	if err := r.done(r.vm.Destroy); err == nil {
		t.Fatal("a running machine was destroyed")
	}
	r.must(r.done(r.vm.Suspend))
	r.must(r.done(r.vm.Destroy))
	if r.real.runs(r.vm.Reference()) {
		t.Error("its process is left")
	}
	if left, err := os.ReadDir(folder); !os.IsNotExist(err) {
		t.Errorf("left in its folder: %v (%v)", left, err)
	}
}

func TestClosingEndsEveryProcessAndStartsNoMore(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	process := r.real.of(r.vm.Reference()).process
	r.must(r.real.close(t.Context()))
	select {
	case <-process.Ended():
	default:
		t.Error("its process is left")
	}
	if err := r.done(r.realNode("w2", "{}").PowerOn); err == nil {
		t.Error("a machine was started on a host that is shutting down")
	}
}

func TestWithoutABridgeARealMachineSaysWhatIsMissing(t *testing.T) {
	l := newLab(t, containerOptions())
	r := &realLab{lab: l}
	err := l.done(r.realNode("w1", "{}").PowerOn)
	if err == nil || !strings.Contains(reason(err), "-bridge") || len(l.containers()) != 0 {
		t.Fatalf("found %v", err)
	}
}

func TestHardwareThatARealMachineHasNotIsRefused(t *testing.T) {
	r := newRealLab(t)
	card := &types.VirtualE1000{}
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"}}
	r.must(r.vm.AddDevice(t.Context(), card))
	if err := r.done(r.vm.PowerOn); err == nil || !strings.Contains(reason(err), "VirtualE1000") {
		t.Fatalf("found %v", err)
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
