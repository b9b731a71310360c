package main

import (
	"crypto/sha1"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestUploadsGoToAHostWithAnotherCertificateThatTheLeaseVouchesFor(t *testing.T) {
	v := newVCenterLab(t)
	devices := object.VirtualDeviceList{}
	controller, err := devices.CreateSCSIController("pvscsi")
	v.must(err)
	controller.GetVirtualDevice().Key = -1
	disk := &types.VirtualDisk{CapacityInKB: 1024}
	disk.Key, disk.ControllerKey, disk.UnitNumber = -2, -1, types.NewInt32(0)
	disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[LocalDS_0] image/disk-0.vmdk"}}
	changes, err := object.VirtualDeviceList{controller, disk}.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	v.must(err)
	lease, err := v.pool.ImportVApp(t.Context(), &types.VirtualMachineImportSpec{ConfigSpec: types.VirtualMachineConfigSpec{
		Name: "image", Files: &types.VirtualMachineFileInfo{VmPathName: "[LocalDS_0] image/image.vmx"}, DeviceChange: changes,
	}}, v.folders["/DC0/vm"], nil)
	v.must(err)
	info, err := lease.Wait(t.Context(), nil)
	v.must(err)
	target := info.DeviceUrl[0]
	thumbprint := ""
	host := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
		sum := sha1.Sum(state.PeerCertificates[0].Raw)
		thumbprint = strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
		return nil
	}}}}
	send := func(client *http.Client, to string) int {
		answer, err := client.Post(to, "application/x-vnd.vmware-streamVmdk", strings.NewReader("KDMV content"))
		v.must(err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if at := v.client.URL().JoinPath("..", target.Url[strings.Index(target.Url, uploadPrefix):]); send(http.DefaultClient, at.String()) != http.StatusNotFound {
		t.Error("the vCenter itself takes uploads")
	}
	if code := send(host, target.Url); code != http.StatusOK || thumbprint != target.SslThumbprint {
		t.Errorf("the host answered %d, with certificate %s; the lease says %s", code, thumbprint, target.SslThumbprint)
	}
	if found, err := os.ReadFile(contentFile(located(v.registry, "[LocalDS_0] image/disk-0.vmdk"))); err != nil || string(found) != "KDMV content" {
		t.Errorf("the disk holds %q (%v)", found, err)
	}
}
