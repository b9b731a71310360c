package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const uploadPrefix = "/nfc/"

// uploads keeps the content of imported disks, which the simulator only counts. It stays as it was sent, a
// streamOptimized VMDK, where ESXi would unpack it.
type uploads struct {
	registry *simulator.Registry

	mu         sync.Mutex
	leases     map[string]*simulator.HttpNfcLease
	thumbprint string // of the host that takes disks, where that is not the server itself
}

// register makes uploads come here first; the simulator's own pattern is for what is not sent to it.
func (u *uploads) register(mux *http.ServeMux) {
	mux.HandleFunc(http.MethodPut+" "+uploadPrefix, u.receive)
	mux.HandleFunc(http.MethodPost+" "+uploadPrefix, u.receive)
}

// importingPool imports machines whose disks' content is kept.
type importingPool struct {
	*simulator.ResourcePool
	uploads *uploads
}

func (p *importingPool) ImportVApp(ctx *simulator.Context, req *types.ImportVApp) soap.HasFault {
	response := p.ResourcePool.ImportVApp(ctx, req)
	if body, ok := response.(*methods.ImportVAppBody); ok && body.Res != nil {
		if lease, ok := ctx.Session.Get(body.Res.Returnval).(*simulator.HttpNfcLease); ok {
			p.uploads.mu.Lock()
			p.uploads.leases[lease.Self.Value] = lease
			p.uploads.mu.Unlock()
			p.uploads.pin(ctx, lease)
		}
	}
	return response
}

func (u *uploads) receive(w http.ResponseWriter, r *http.Request) {
	lease, name := path.Base(path.Dir(r.URL.Path)), path.Base(r.URL.Path)
	file := u.target(lease, name)
	if file == "" {
		simulator.ServeNFC(w, r)
		return
	}
	unfinished, err := os.OpenFile(file+".upload", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		log.Printf("keeping %s: %v", name, err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body := &keptBody{ReadCloser: r.Body, copy: unfinished}
	r.Body = body
	simulator.ServeNFC(w, r)
	err = unfinished.Close()
	if err != nil || !body.complete {
		log.Printf("upload of %s: incomplete (%v)", name, err)
		_ = os.Remove(unfinished.Name())
		return
	}
	if err := os.Rename(unfinished.Name(), file); err != nil {
		log.Printf("keeping %s: %v", name, err)
	}
}

// target is the file for a disk's content, "" for what is no disk of this lease.
func (u *uploads) target(id, name string) string {
	u.mu.Lock()
	lease := u.leases[id]
	u.mu.Unlock()
	if lease == nil || lease.Info == nil || path.Ext(name) != ".vmdk" {
		return ""
	}
	vm, ok := u.registry.Get(lease.Info.Entity).(*simulator.VirtualMachine)
	if !ok {
		return ""
	}
	for _, device := range vm.Config.Hardware.Device {
		backing, ok := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !ok {
			continue
		}
		if file := backing.GetVirtualDeviceFileBackingInfo().FileName; strings.HasSuffix(file, "/"+name) {
			return contentFile(located(u.registry, file))
		}
	}
	return ""
}

// keptBody writes what is read of a request's body to a file.
type keptBody struct {
	io.ReadCloser
	copy     io.Writer
	complete bool
}

func (b *keptBody) Read(buffer []byte) (int, error) {
	read, err := b.ReadCloser.Read(buffer)
	b.complete = errors.Is(err, io.EOF)
	if read > 0 {
		if _, failure := b.copy.Write(buffer[:read]); failure != nil {
			return 0, failure
		}
	}
	return read, err
}
