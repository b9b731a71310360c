package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const serverURL = "vcsim.server.url" // the simulator's own setting, by which it names the host of a lease's disks

// uploadHost takes the disks of imports in a vCenter's place, with a certificate of its own, as one of its hosts does.
type uploadHost struct{ server *http.Server }

// startUploadHost listens on a free port; leases name it from then on, with the thumbprint of its certificate.
func startUploadHost(model *simulator.Model, uploads *uploads) (*uploadHost, error) {
	certificate, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("making the certificate of the host that takes disks: %w", err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	host := &uploadHost{&http.Server{Handler: model.Service.ServeMux, ReadHeaderTimeout: time.Minute}}
	go func() { _ = host.server.Serve(listener) }()
	for _, option := range model.Map().OptionManager().Setting {
		if value := option.GetOptionValue(); value.Key == serverURL {
			value.Value = fmt.Sprintf("https://%s/sdk", listener.Addr())
		}
	}
	digits := fmt.Sprintf("%X", sha1.Sum(certificate.Certificate[0]))
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	uploads.thumbprint = strings.Join(pairs, ":")
	return host, nil
}

func (h *uploadHost) close() { _ = h.server.Close() }

// pin names the certificate of the host that takes the disks of a lease, as a vCenter does.
func (u *uploads) pin(ctx *simulator.Context, lease *simulator.HttpNfcLease) {
	if u.thumbprint == "" {
		return
	}
	for range 500 {
		settled := false
		ctx.WithLock(lease, func() {
			settled = lease.State != types.HttpNfcLeaseStateInitializing
			if lease.Info != nil {
				for index := range lease.Info.DeviceUrl {
					lease.Info.DeviceUrl[index].SslThumbprint = u.thumbprint
				}
			}
		})
		if settled {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "host.lab"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
