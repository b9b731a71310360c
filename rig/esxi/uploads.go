package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	uploadPrefix = "/nfc/"
	leaseTimeout = 30 * time.Second
	hostName     = "esx1.lab"
)

// uploads keeps the content of imported disks, which the simulator only counts. It stays as it was sent, a
// streamOptimized VMDK, where ESXi would unpack it.
type uploads struct {
	registry *simulator.Registry
	host     *uploadHost // nil where uploads go to the server itself

	mu     sync.Mutex
	leases map[string]*simulator.HttpNfcLease
}

// register makes uploads come here first; the simulator's own pattern is for what is not sent to it.
func (u *uploads) register(mux *http.ServeMux) {
	receive := u.receive
	if u.host != nil {
		receive = http.NotFound // a vCenter takes none: its hosts do
	}
	mux.HandleFunc(http.MethodPut+" "+uploadPrefix, receive)
	mux.HandleFunc(http.MethodPost+" "+uploadPrefix, receive)
}

// importingPool imports machines whose disks' content is kept.
type importingPool struct {
	*simulator.ResourcePool
	uploads *uploads
}

// addressed lets the URLs of a lease lead to the host that takes uploads, with the thumbprint of its certificate.
func (u *uploads) addressed(ctx *simulator.Context, lease *simulator.HttpNfcLease) {
	for deadline := time.Now().Add(leaseTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		settled := false
		ctx.Map.WithLock(ctx, lease, func() {
			settled = lease.State != types.HttpNfcLeaseStateInitializing
			if lease.Info == nil {
				return
			}
			for index := range lease.Info.DeviceUrl {
				device := &lease.Info.DeviceUrl[index]
				if target, err := url.Parse(device.Url); err == nil {
					target.Scheme, target.Host, target.User = "https", u.host.listener.Addr().String(), nil
					device.Url, device.SslThumbprint = target.String(), u.host.thumbprint
				}
			}
		})
		if settled {
			return
		}
	}
}

func (p *importingPool) ImportVApp(ctx *simulator.Context, req *types.ImportVApp) soap.HasFault {
	response := p.ResourcePool.ImportVApp(ctx, req)
	if body, ok := response.(*methods.ImportVAppBody); ok && body.Res != nil {
		if lease, ok := ctx.Session.Get(body.Res.Returnval).(*simulator.HttpNfcLease); ok {
			p.uploads.mu.Lock()
			p.uploads.leases[lease.Self.Value] = lease
			p.uploads.mu.Unlock()
			if p.uploads.host != nil {
				p.uploads.addressed(ctx, lease)
			}
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

// uploadHost takes uploads in a vCenter's place, as the host does that a machine is imported to: at an address of its
// own, with a certificate that nobody but the vCenter vouches for.
type uploadHost struct {
	listener   net.Listener
	thumbprint string // SHA-1 of its certificate, as leases show it
}

func newUploadHost() (*uploadHost, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: hostName},
		DNSNames:     []string{hostName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(certificate)
	return &uploadHost{listener, strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")}, nil
}

// serve takes uploads until the listener is closed.
func (h *uploadHost) serve(uploads *uploads) {
	mux := http.NewServeMux()
	mux.HandleFunc(uploadPrefix, uploads.receive)
	if err := http.Serve(h.listener, mux); !errors.Is(err, net.ErrClosed) {
		log.Printf("taking uploads: %v", err)
	}
}
