package main

import (
	"strings"
	"testing"
)

func TestAMachineThatGoesOnAfterASnapshotWritesToAnotherFileThanBefore(t *testing.T) {
	r := newRealLab(t)
	r.must(r.done(r.vm.PowerOn))
	r.must(r.done(r.vm.PowerOff))
	task, err := r.vm.CreateSnapshot(t.Context(), "before", "", false, false)
	r.must(err)
	r.must(task.Wait(t.Context()))
	r.must(r.done(r.vm.PowerOn))
	r.must(r.done(r.vm.PowerOff))
	made := r.said("images")
	for _, line := range strings.Split(made, "\n") {
		if strings.Contains(line, "w1-000001-written.qcow2.new") && strings.Contains(line, "/w1-written.qcow2 -F ") {
			return
		}
	}
	t.Fatalf("qemu-img was called with:\n%s", made)
}

func TestAWrittenChildStaysWhenItsSnapshotIsGoneAndTakesItsContentAlong(t *testing.T) {
	r := newRealLab(t)
	task, err := r.vm.CreateSnapshot(t.Context(), "before", "", false, false)
	r.must(err)
	r.must(task.Wait(t.Context()))
	r.must(r.done(r.vm.PowerOn))
	r.must(r.done(r.vm.PowerOff))
	task, err = r.vm.RemoveAllSnapshot(t.Context(), nil)
	r.must(err)
	r.must(task.Wait(t.Context()))
	disk := flat(disksIn(r.properties(r.vm).Config.Hardware.Device)[0])
	if disk.FileName != "[LocalDS_0] w1/w1-000001.vmdk" || disk.Parent == nil {
		t.Fatalf("found %+v", disk)
	}
	r.must(r.done(r.vm.Destroy))
}
