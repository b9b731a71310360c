// Command kubelab-esxi is the embedded lab's standalone ESXi host, or its vCenter: govmomi's simulator, in which a VM
// whose extraConfig has RUN.qemu runs as a QEMU process while it is powered on, and one that names a container image
// (RUN.container) as a container.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"kubelab/rig/esxi/qemu"
)

const shutdownTimeout = 60 * time.Second

type options struct {
	name              string
	vcenter           bool
	listen            string
	username          string
	passwordFile      string
	certificateFile   string
	keyFile           string
	datastoreDir      string
	datastoreCapacity int64
	datastoreFree     int64
	rig               string
	network           string
	subnet            string
	containerRange    string
	containerRoots    string
	gateway           string
	bridge            string
	leases            string
	leaseTime         time.Duration
	operationDelay    time.Duration
	accelerator       string
}

func main() {
	log.SetFlags(log.Ldate | log.Ltime | log.Lmsgprefix)
	log.SetPrefix("kubelab-esxi: ")
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintf(os.Stderr, "kubelab-esxi: %v\n", err)
		os.Exit(1)
	}
}

// run serves the simulated host until SIGINT or SIGTERM; ready receives one line with the SDK's URL.
func run(arguments []string, ready io.Writer) error {
	opts, err := parse(arguments)
	if err != nil {
		return err
	}
	machines, err := newMachines(opts)
	if err != nil {
		return err
	}
	real, err := newRealMachines(opts)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	host, err := startHost(opts, machines, real)
	if err != nil {
		return err
	}
	defer host.remove()
	if machines != nil {
		if err := machines.begin(ctx, host.registry()); err != nil {
			return err
		}
	}
	fmt.Fprintf(ready, "https://%s/sdk\n", host.address())

	<-ctx.Done()
	stop() // a second signal ends the process at once
	bounded, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if real != nil {
		err = real.close(bounded)
	}
	if machines != nil {
		err = errors.Join(err, machines.close(bounded))
	}
	return err
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("kubelab-esxi", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8989", "address and port to listen on; port 0 takes a free one")
	flags.StringVar(&o.name, "name", "esxi", "this host's name among the rig's, which its containers are labelled with and its MACs come from")
	flags.BoolVar(&o.vcenter, "vcenter", false, "be a vCenter with a cluster of two hosts, two datastores and a distributed port group, in place of a standalone host")
	flags.StringVar(&o.username, "username", "root", "user who may log in")
	flags.StringVar(&o.passwordFile, "password-file", "", "file with that user's password (required)")
	flags.StringVar(&o.certificateFile, "tls-cert", "", "PEM file of the server certificate (required)")
	flags.StringVar(&o.keyFile, "tls-key", "", "PEM file of its private key (required)")
	flags.StringVar(&o.datastoreDir, "datastore-dir", "", "directory of this host alone under which it makes the datastore's temporary directory, and removes those of killed predecessors")
	flags.Int64Var(&o.datastoreCapacity, "datastore-capacity-gib", 1024, "capacity that the datastore reports, in GiB")
	flags.Int64Var(&o.datastoreFree, "datastore-free-gib", -1, "free space that the datastore starts with, in GiB; 0 is a full datastore, -1 is all of it")
	flags.StringVar(&o.rig, "rig", "kubelab", "value of the label kubelab.rig on every container; containers that carry it are removed at start and at exit")
	flags.StringVar(&o.network, "container-network", "", "container network of the VMs; without it VMs cannot be backed by containers")
	flags.StringVar(&o.subnet, "container-subnet", "", "that network's subnet in CIDR notation, from which VMs get their addresses")
	flags.StringVar(&o.gateway, "container-gateway", "", "that network's gateway, given to no VM")
	flags.StringVar(&o.containerRange, "container-range", "", "the part of the subnet that containers get their addresses from; without it all of the subnet")
	flags.StringVar(&o.containerRoots, "container-roots", "", "JSON file, read at each first power-on: the content id of a disk -> the container image of the same root file system")
	flags.StringVar(&o.bridge, "bridge", "", "bridge of that network, on which VMs may be real machines; without it none can be")
	flags.StringVar(&o.leases, "dhcp-leases", "", "dnsmasq's file of leases on that bridge")
	flags.DurationVar(&o.leaseTime, "dhcp-lease-time", time.Hour, "for how long each lease is granted")
	flags.DurationVar(&o.operationDelay, "operation-delay", 0, "how much longer each task takes, and each folder that is made, as on a busy host")
	flags.StringVar(&o.accelerator, "accelerator", string(qemu.TCG), "kvm or tcg, where a real machine names none")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

// check reports every fault of the flags at once.
func (o options) check(rest []string) error {
	var faults []string
	fault := func(format string, values ...any) { faults = append(faults, fmt.Sprintf(format, values...)) }
	if len(rest) > 0 {
		fault("unexpected arguments %q", rest)
	}
	for name, value := range map[string]string{"-username": o.username, "-password-file": o.passwordFile, "-tls-cert": o.certificateFile, "-tls-key": o.keyFile, "-rig": o.rig, "-name": o.name} {
		if value == "" {
			fault("%s is required", name)
		}
	}
	if host, _, err := net.SplitHostPort(o.listen); err != nil {
		fault("-listen: found %q, wanted address:port", o.listen)
	} else if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		fault("-listen: found %q, wanted a loopback address", host)
	}
	if o.datastoreCapacity <= 0 || o.datastoreFree > o.datastoreCapacity {
		fault("-datastore-capacity-gib, -datastore-free-gib: found %d and %d, wanted a capacity above 0 and no more free space than that", o.datastoreCapacity, o.datastoreFree)
	}
	if o.network != "" || o.subnet != "" || o.gateway != "" {
		if _, _, err := o.containerSubnet(); err != nil {
			fault("%v", err)
		}
	}
	if _, err := o.addresses(); err != nil {
		fault("%v", err)
	}
	if o.bridge != "" && (o.network == "" || o.leases == "") {
		fault("-bridge: found %q, wanted with -container-network and -dhcp-leases", o.bridge)
	}
	if _, err := qemu.ParseAccelerator(o.accelerator); err != nil {
		fault("-accelerator: %v", err)
	}
	if len(faults) > 0 {
		return fmt.Errorf("flags: %s; see kubelab-esxi -help", strings.Join(faults, "; "))
	}
	return nil
}

// containerSubnet returns the subnet and gateway of the container network.
func (o options) containerSubnet() (netip.Prefix, netip.Addr, error) {
	subnet, err := netip.ParsePrefix(o.subnet)
	if err != nil || !subnet.Addr().Is4() {
		return netip.Prefix{}, netip.Addr{}, fmt.Errorf("-container-subnet: found %q, wanted an IPv4 subnet such as 10.87.0.0/24", o.subnet)
	}
	gateway, err := netip.ParseAddr(o.gateway)
	if err != nil || !subnet.Contains(gateway) {
		return netip.Prefix{}, netip.Addr{}, fmt.Errorf("-container-gateway: found %q, wanted an address in %s", o.gateway, subnet)
	}
	if o.network == "" {
		return netip.Prefix{}, netip.Addr{}, errors.New("-container-network: missing, wanted the network's name")
	}
	return subnet.Masked(), gateway, nil
}

// addresses returns the part of the subnet that containers have.
func (o options) addresses() (netip.Prefix, error) {
	if o.containerRange == "" {
		return netip.Prefix{}, nil
	}
	part, err := netip.ParsePrefix(o.containerRange)
	subnet, subnetErr := netip.ParsePrefix(o.subnet)
	if err != nil || subnetErr != nil || !subnet.Contains(part.Addr()) || part.Bits() < subnet.Bits() {
		return netip.Prefix{}, fmt.Errorf("-container-range: found %q, wanted a part of %s", o.containerRange, o.subnet)
	}
	return part.Masked(), nil
}
