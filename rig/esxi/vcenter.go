package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	modelHost    = "esxi"
	modelVCenter = "vcenter"
)

// newModel is an inventory without VMs: a standalone host, or a vCenter with the datacenter DC0, in which there are the
// cluster DC0_C0 of two hosts with the resource pool DC0_C0_RP1, the host DC0_H0, the port groups VM Network and
// DC0_DVPG0 (a distributed one), the datastore LocalDS_0, and the datastore cluster DC0_POD0 of LocalDS_1 and LocalDS_2.
func newModel(kind string) *simulator.Model {
	if kind != modelVCenter {
		model := simulator.ESX()
		model.ServiceContent.About.FullName = "VMware ESXi " + hostVersion + " (simulated)"
		return model
	}
	model := simulator.VPX()
	model.ServiceContent.About.FullName = "VMware vCenter Server " + hostVersion + " (simulated)"
	model.ClusterHost, model.Pool, model.Datastore, model.Pod = 2, 1, 3, 1
	return model
}

// furnish puts two datastores into the datastore cluster of a vCenter.
func furnish(model *simulator.Model) error {
	registry := model.Map()
	var pod *simulator.StoragePod
	for _, entity := range registry.All("StoragePod") {
		pod = entity.(*simulator.StoragePod)
	}
	if pod == nil {
		return nil
	}
	var list []types.ManagedObjectReference
	for _, entity := range registry.All("Datastore") {
		if datastore := entity.(*simulator.Datastore); datastore.Name != "LocalDS_0" {
			list = append(list, datastore.Self)
		}
	}
	ctx := model.Service.Context
	body := pod.MoveIntoFolderTask(ctx, &types.MoveIntoFolder_Task{This: pod.Self, List: list})
	moved, ok := body.(*methods.MoveIntoFolder_TaskBody)
	if !ok || moved.Res == nil {
		return fmt.Errorf("filling the datastore cluster: %v", body.Fault())
	}
	if _, fault := inner(ctx, moved.Res.Returnval); fault != nil {
		return fmt.Errorf("filling the datastore cluster: %T", fault)
	}
	return nil
}

// refusal is what a vCenter or a standalone host refuses of a call, and the simulator does not.
func refusal(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	vm, ok := ctx.Map.Get(method.This).(*simulator.VirtualMachine)
	if !ok {
		return nil
	}
	switch method.Body.(type) {
	case *types.CloneVM_Task, *types.MarkAsTemplate, *types.MarkAsVirtualMachine:
		if ctx.Map.IsESX() {
			return &types.NotSupported{}
		}
	case *types.ReconfigVM_Task, *types.PowerOnVM_Task, *types.CreateSnapshot_Task:
		if vm.Config.Template {
			return &types.NotSupported{}
		}
	}
	return nil
}
