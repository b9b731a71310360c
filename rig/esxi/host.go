package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	apiVersion  = "8.0.3.0" // the simulator's own default hides newer properties
	hostVersion = "8.0.3"
	hostMemory  = 256 * units.GB
)

type host struct {
	model   *simulator.Model
	server  *simulator.Server
	uploads *uploads
}

// startHost listens and serves a host without VMs.
func startHost(opts options, machines *machines, real *realMachines) (*host, error) {
	certificate, err := tls.LoadX509KeyPair(opts.certificateFile, opts.keyFile)
	if err != nil {
		return nil, fmt.Errorf("loading -tls-cert %s and -tls-key %s: %w", opts.certificateFile, opts.keyFile, err)
	}
	password, err := readPassword(opts.passwordFile)
	if err != nil {
		return nil, err
	}
	if err := probe(opts.listen); err != nil {
		return nil, err
	}
	if opts.datastoreDir != "" {
		if err := prepareDatastoreDir(opts.datastoreDir); err != nil {
			return nil, fmt.Errorf("-datastore-dir %s: %w", opts.datastoreDir, err)
		}
	}

	model, err := newModel(opts.vcenter)
	if err != nil {
		return nil, fmt.Errorf("creating the simulated host under %s: %w", os.TempDir(), err)
	}
	describe(model.Map(), opts)
	delay(model, opts)
	uploads, err := comeBetween(model, opts, machines, real)
	if err != nil {
		return nil, err
	}
	model.Service.RegisterEndpoints = true
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	model.Service.Listen = &url.URL{Scheme: "https", Host: opts.listen, Path: "/sdk", User: url.UserPassword(opts.username, password)}
	return &host{model: model, server: model.Service.NewServer(), uploads: uploads}, nil
}

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

// comeBetween lets calls and uploads be seen before the simulator sees them.
func comeBetween(model *simulator.Model, opts options, machines *machines, real *realMachines) (*uploads, error) {
	uploads := &uploads{registry: model.Map(), leases: map[string]*simulator.HttpNfcLease{}}
	if opts.vcenter {
		var err error
		if uploads.host, err = newUploadHost(); err != nil {
			return nil, fmt.Errorf("a host for uploads: %w", err)
		}
		go uploads.host.serve(uploads)
	}
	model.Service.ServeMux = http.NewServeMux()
	uploads.register(model.Service.ServeMux)
	model.Map().Handler = newInterceptor(opts, machines, real, uploads).handle
	if real != nil {
		real.registry = model.Map()
	}
	return uploads, nil
}

func (h *host) registry() *simulator.Registry { return h.model.Map() }

func (h *host) address() string { return h.server.URL.Host }

// remove deletes the datastores' directory, and ends uploads.
func (h *host) remove() {
	if h.uploads.host != nil {
		_ = h.uploads.host.listener.Close()
	}
	h.model.Remove()
}

// describe gives the host and its datastore the capabilities and sizes that a lab host has.
func describe(registry *simulator.Registry, opts options) {
	for _, entity := range registry.All("HostSystem") {
		system := entity.(*simulator.HostSystem)
		system.Capability.NestedHVSupported = true
		system.Hardware.MemorySize = hostMemory
		system.Summary.Hardware.MemorySize = hostMemory
		if !opts.vcenter {
			system.Summary.ManagementServerIp = "" // the simulator's own default has a vCenter
		}
	}
	capacity := opts.datastoreCapacity * units.GB
	free := capacity
	if opts.datastoreFree >= 0 {
		free = opts.datastoreFree * units.GB
	}
	for _, entity := range registry.All("Datastore") {
		datastore := entity.(*simulator.Datastore)
		datastore.Summary.Capacity = capacity
		datastore.Summary.FreeSpace = free
		datastore.Info.GetDatastoreInfo().FreeSpace = free
	}
	describePods(registry)
}

// prepareDatastoreDir lets the simulator make its directory there, without those of killed predecessors.
func prepareDatastoreDir(dir string) error {
	stale, err := filepath.Glob(filepath.Join(dir, "govcsim-*"))
	if err != nil {
		return err
	}
	for _, directory := range stale {
		if err := os.RemoveAll(directory); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Setenv("TMPDIR", dir)
}

func readPassword(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading -password-file: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", fmt.Errorf("reading -password-file %s: found no password; write one line", file)
	}
	return password, nil
}

// probe finds out whether the address is free: the simulator itself panics when it cannot listen.
func probe(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; stop what listens there or choose another -listen", address, err)
	}
	return listener.Close()
}
