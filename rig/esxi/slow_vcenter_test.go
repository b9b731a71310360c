package main

import (
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestACloneAndAReconfigurationOfASlowVCenterTakeTheTimeOfOneOperationEach(t *testing.T) {
	opts := vcenterOptions()
	opts.operationDelay = time.Millisecond
	v := newVCenterLabWith(t, opts)
	before := simulator.TaskDelay
	t.Cleanup(func() { simulator.TaskDelay = before })
	delay(&simulator.Model{}, opts)

	known := v.registry.AllReference("Task")
	vm, err := v.clone("w1", v.spec(true))
	v.must(err)
	if taken := v.delays(known); taken != 1 {
		t.Errorf("a clone takes the time of %d operations", taken)
	}
	known = v.registry.AllReference("Task")
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{NumCPUs: 2})
	v.must(err)
	v.must(task.Wait(t.Context()))
	if taken := v.delays(known); taken != 1 {
		t.Errorf("a reconfiguration takes the time of %d operations", taken)
	}
}

// delays are the operations' times that all tasks but the known ones take together.
func (v *vcenterLab) delays(known []mo.Reference) int {
	sum := 0
	for _, entity := range v.registry.AllReference("Task") {
		if !slices.Contains(known, entity) {
			sum += simulator.TaskDelay.Delay + simulator.TaskDelay.MethodDelay[entity.(*simulator.Task).Info.Name]
		}
	}
	return sum
}
