package transport

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAMachineThatNoLongerAnswersIsReported(t *testing.T) {
	silent := func() error { <-t.Context().Done(); return nil }
	err := keepAlive(t.Context(), time.Millisecond, silent)
	if err == nil || !strings.Contains(err.Error(), "no answer for 3ms") {
		t.Fatalf("found %v, expected an error that tells how long no answer came", err)
	}
}

func TestABrokenConnectionIsReportedWithItsCause(t *testing.T) {
	broken := errors.New("broken pipe")
	if err := keepAlive(t.Context(), time.Millisecond, func() error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("found %v, expected %v", err, broken)
	}
}

func TestAMachineThatAnswersIsPingedUntilTheCommandEnds(t *testing.T) {
	ctx, commandEnds := context.WithCancel(t.Context())
	pings := 0
	err := keepAlive(ctx, time.Millisecond, func() error {
		if pings++; pings == 5 {
			commandEnds()
		}
		return nil
	})
	if err != nil || pings < 5 {
		t.Fatalf("found %v after %d pings, expected no error after 5", err, pings)
	}
}
