package main

import (
	"strings"
	"testing"
)

func TestEveryFaultOfTheFlagsIsReportedAtOnce(t *testing.T) {
	_, err := parse([]string{"-listen", "0.0.0.0:1", "-datastore-free-gib", "5000", "-container-network", "n", "-container-subnet", "x", "stray"})
	for _, wanted := range []string{"stray", "-password-file", "-tls-cert", "-tls-key", "loopback", "5000", "-container-subnet"} {
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%v does not mention %s", err, wanted)
		}
	}
}

func TestGoodFlagsPass(t *testing.T) {
	if _, err := parse([]string{"-password-file", "p", "-tls-cert", "c", "-tls-key", "k", "-container-network", "n", "-container-subnet", "10.87.0.0/24", "-container-gateway", "10.87.0.1"}); err != nil {
		t.Fatal(err)
	}
}
