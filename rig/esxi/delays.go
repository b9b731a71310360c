package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// delay lets each task take longer, and the call that makes folders, which is none. What it is about can be read then.
//
// A vCenter's clone is one operation, and the simulator makes it by tasks within the task: these take no time of their
// own. So a reconfiguration, which is one of them, is delayed by the task around it where it is asked for alone.
func delay(model *simulator.Model, opts options) {
	if opts.operationDelay <= 0 {
		return
	}
	each := int(opts.operationDelay / time.Millisecond)
	simulator.TaskDelay.Delay = each
	simulator.TaskDelay.MethodDelay = map[string]int{"LockHandoff": 0}
	if opts.vcenter {
		for _, within := range []string{"CloneVm", "CreateVm", "ReconfigVm"} {
			simulator.TaskDelay.MethodDelay[within] = -each
		}
	}
	model.DelayConfig.MethodDelay = map[string]int{"MakeDirectory": each}
}

// asOne names a task so that it takes the time of an operation, though tasks of that kind within it do not.
func asOne(task *simulator.Task) *simulator.Task {
	task.Info.Name += "_Task"
	return task
}

// slowVM is a VM whose reconfiguration takes the time of an operation.
type slowVM struct{ *simulator.VirtualMachine }

func (vm *slowVM) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	task := asOne(simulator.CreateTask(vm, "reconfigVm", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return inner(ctx, vm.VirtualMachine.ReconfigVMTask(ctx, req).(*methods.ReconfigVM_TaskBody).Res.Returnval)
	}))
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task.Run(ctx)}}
}
