package main

import (
	"os"
	"strings"
	"testing"
)

func TestATemplateIsNotStartedAndNotSnapshotted(t *testing.T) {
	v := newVCenterLab(t)
	if err := v.done(v.base.PowerOn); err == nil || !strings.Contains(err.Error(), "InvalidState") && !strings.Contains(err.Error(), "template") {
		t.Errorf("found %v", err)
	}
	task, err := v.base.CreateSnapshot(t.Context(), "late", "", false, false)
	v.must(err)
	if err := task.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "NotSupported") {
		t.Errorf("found %v", err)
	}
}

func TestAMachineHasItsDiskBackWhenItsSnapshotsAreGone(t *testing.T) {
	v := newVCenterLab(t)
	vm := v.create("w1", "/DC0/vm")
	for range 2 {
		task, err := vm.CreateSnapshot(t.Context(), "before", "", false, false)
		v.must(err)
		v.must(task.Wait(t.Context()))
	}
	if found := v.backing(vm); found.FileName != "[LocalDS_0] w1/w1-000002.vmdk" {
		t.Errorf("found %s", found.FileName)
	}
	task, err := vm.RemoveAllSnapshot(t.Context(), nil)
	v.must(err)
	v.must(task.Wait(t.Context()))
	if found := v.backing(vm); found.FileName != "[LocalDS_0] w1/w1.vmdk" || found.Parent != nil {
		t.Errorf("found %+v", found)
	}
	v.must(v.done(vm.Destroy))
	if left, err := os.ReadDir(located(v.registry, "[LocalDS_0] ")); err != nil || len(left) != 1 {
		t.Errorf("found %v (%v)", left, err)
	}
}
