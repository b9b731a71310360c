package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The inventory of a simulated vCenter: datacenter DC0 with cluster DC0_C0 of two hosts, pool `lab` below its root pool,
// folders `lab` and `lab/nodes`, datastores LocalDS_0 and LocalDS_1 in datastore cluster DC0_POD0, the port group
// VM Network and the distributed port group DC0_DVPG0. Both hosts are this machine, and have both datastores.
const (
	labPool   = "lab"
	labFolder = "lab"
	subFolder = "nodes"
)

func vcenterModel() *simulator.Model {
	model := simulator.VPX()
	model.Datacenter, model.Cluster, model.ClusterHost, model.Host = 1, 1, 2, 0
	model.Datastore, model.Pod, model.Portgroup = 2, 1, 1
	model.ServiceContent.About.FullName = "VMware vCenter Server " + hostVersion + " (simulated)"
	return model
}

func hostModel() *simulator.Model {
	model := simulator.ESX()
	model.ServiceContent.About.FullName = "VMware ESXi " + hostVersion + " (simulated)"
	return model
}

// newModel creates the inventory, without VMs.
func newModel(vcenter bool) (*simulator.Model, error) {
	model := hostModel()
	if vcenter {
		model = vcenterModel()
	}
	model.Machine = 0
	model.ServiceContent.About.Version = hostVersion
	model.ServiceContent.About.ApiVersion = apiVersion
	if err := model.Create(); err != nil {
		return nil, err
	}
	if vcenter {
		return model, furnish(model.Service.Context)
	}
	return model, nil
}

// furnish adds what the simulator's models have no setting for.
func furnish(ctx *simulator.Context) error {
	datacenter := ctx.Map.Any("Datacenter").(*simulator.Datacenter)
	cluster := ctx.Map.Any("ClusterComputeResource").(*simulator.ClusterComputeResource)
	pool := ctx.Map.Get(*cluster.ResourcePool).(*simulator.ResourcePool)
	answers := []soap.HasFault{pool.CreateResourcePool(ctx, &types.CreateResourcePool{
		This: pool.Self, Name: labPool, Spec: types.DefaultResourceConfigSpec(),
	})}
	folder := ctx.Map.Get(datacenter.VmFolder).(*simulator.Folder)
	for _, name := range []string{labFolder, subFolder} {
		body := folder.CreateFolder(ctx, &types.CreateFolder{This: folder.Self, Name: name}).(*methods.CreateFolderBody)
		answers = append(answers, body)
		if body.Res != nil {
			folder = ctx.Map.Get(body.Res.Returnval).(*simulator.Folder)
		}
	}
	for _, answer := range answers {
		if answer.Fault() != nil {
			return fmt.Errorf("making pool and folders: %s", answer.Fault().String)
		}
	}
	networks := slices.Clone(datacenter.Network) // the simulator lists a distributed port group twice
	slices.SortFunc(networks, func(a, b types.ManagedObjectReference) int { return strings.Compare(a.String(), b.String()) })
	datacenter.Network = slices.Compact(networks)
	pod := ctx.Map.Any("StoragePod").(*simulator.StoragePod)
	var datastores []types.ManagedObjectReference
	for _, datastore := range ctx.Map.All("Datastore") {
		datastores = append(datastores, datastore.Reference())
	}
	task := pod.MoveIntoFolderTask(ctx, &types.MoveIntoFolder_Task{This: pod.Self, List: datastores}).(*methods.MoveIntoFolder_TaskBody)
	if _, fault := inner(ctx, task.Res.Returnval); fault != nil {
		return fmt.Errorf("making the datastore cluster: %T", fault)
	}
	return nil
}

// describePods gives a datastore cluster the sizes of its datastores.
func describePods(registry *simulator.Registry) {
	for _, entity := range registry.All("StoragePod") {
		pod := entity.(*simulator.StoragePod)
		pod.Summary.Name = pod.Name
		pod.Summary.Capacity, pod.Summary.FreeSpace = 0, 0
		for _, child := range pod.ChildEntity {
			if datastore, ok := registry.Get(child).(*simulator.Datastore); ok {
				pod.Summary.Capacity += datastore.Summary.Capacity
				pod.Summary.FreeSpace += datastore.Summary.FreeSpace
			}
		}
	}
}

// placements recommends datastores of a cluster also to who names the cluster alone, as a VM's home: the simulator
// wants each disk's place said.
type placements struct {
	*simulator.StorageResourceManager
}

func (p *placements) RecommendDatastores(ctx *simulator.Context, req *types.RecommendDatastores) soap.HasFault {
	selection := &req.StorageSpec.PodSelectionSpec
	if pod := selection.StoragePod; pod != nil {
		if _, ok := ctx.Map.Get(*pod).(*simulator.StoragePod); !ok {
			return &methods.RecommendDatastoresBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: *pod})}
		}
		if len(selection.InitialVmConfig) == 0 {
			selection.InitialVmConfig = []types.VmPodConfigForPlacement{{StoragePod: *pod}}
		}
	}
	return p.StorageResourceManager.RecommendDatastores(ctx, req)
}

// onlyOfVCenter are calls that a standalone host does not answer; the simulator does.
func onlyOfVCenter(body any) bool {
	switch body.(type) {
	case *types.CloneVM_Task, *types.MarkAsTemplate, *types.MarkAsVirtualMachine, *types.CreateFolder:
		return true
	}
	return false
}
