package qemu

import (
	"errors"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// Lease is what a guest got by DHCP; Name is the host name that it sent, "" if none.
type Lease struct {
	Address netip.Addr
	Name    string
}

// Leases is dnsmasq's file of leases, each granted for the same time.
type Leases struct {
	File string
	Time time.Duration
}

// Since returns the newest lease of this MAC that was granted at or after `began`: one that an earlier boot got says
// nothing about a guest that runs now. A file that is not there has none.
func (l Leases) Since(mac string, began time.Time) (Lease, bool, error) {
	content, err := os.ReadFile(l.File)
	if errors.Is(err, os.ErrNotExist) {
		return Lease{}, false, nil
	}
	if err != nil {
		return Lease{}, false, err
	}
	lease, found := newest(string(content), mac, began.Add(l.Time))
	return lease, found, nil
}

// newest reads lines of `expiry MAC address name client-id`; the expiry is in Unix seconds.
func newest(content, mac string, expires time.Time) (Lease, bool) {
	var lease Lease
	latest := expires.Unix() - 1
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.EqualFold(fields[1], mac) {
			continue
		}
		expiry, err := strconv.ParseInt(fields[0], 10, 64)
		address, addressErr := netip.ParseAddr(fields[2])
		if err != nil || addressErr != nil || !address.Is4() || expiry <= latest {
			continue
		}
		latest = expiry
		lease = Lease{Address: address, Name: strings.TrimPrefix(fields[3], "*")}
	}
	return lease, lease.Address.IsValid()
}
