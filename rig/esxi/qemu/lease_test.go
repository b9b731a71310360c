package qemu

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const leaseText = `duid 00:01:00:01
4600 00:0c:29:00:00:01 10.87.0.130 w1 ff:01
4000 00:0c:29:00:00:01 10.87.0.129 old ff:00
4600 00:0C:29:00:00:02 10.87.0.131 * 01:02
nonsense
9999 00:0c:29:00:00:03 fd00::1 six *
`

func TestALeaseCountsOnlyIfItWasGrantedInThisBoot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "leases")
	if err := os.WriteFile(file, []byte(leaseText), 0o600); err != nil {
		t.Fatal(err)
	}
	leases := Leases{File: file, Time: time.Hour}
	for _, step := range []struct {
		mac           string
		began         int64
		address, name string
	}{
		{"00:0c:29:00:00:01", 1000, "10.87.0.130", "w1"},
		{"00:0c:29:00:00:01", 1001, "", ""},
		{"00:0c:29:00:00:01", 300, "10.87.0.130", "w1"},
		{"00:0c:29:00:00:02", 1000, "10.87.0.131", ""},
		{"00:0c:29:00:00:03", 1000, "", ""},
		{"00:0c:29:00:00:04", 1000, "", ""},
	} {
		lease, found, err := leases.Since(step.mac, time.Unix(step.began, 0))
		if err != nil || found != (step.address != "") || found && (lease.Address.String() != step.address || lease.Name != step.name) {
			t.Errorf("%+v: found %+v, %t, %v", step, lease, found, err)
		}
	}
}

func TestAFileOfLeasesThatIsNotThereHasNone(t *testing.T) {
	_, found, err := Leases{File: filepath.Join(t.TempDir(), "leases")}.Since("00:0c:29:00:00:01", time.Now())
	if found || err != nil {
		t.Errorf("found one, or %v", err)
	}
}
