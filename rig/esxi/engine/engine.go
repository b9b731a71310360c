// Package engine runs the VMs of a simulated host as containers of a container engine.
package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	RigLabel  = "kubelab.rig"
	HostLabel = "kubelab.host"
	timeout   = 120 * time.Second
	// A restart by the guest ends a PID namespace's init with SIGHUP (reboot(2)); a power-off ends it with SIGINT.
	ExitOfReboot = 128 + 1
)

// Spec is what a VM's container is created from.
type Spec struct {
	Name        string
	Hostname    string
	Address     netip.Addr
	Environment map[string]string
	Arguments   []string // of `docker create`, ending in the image and perhaps a command
}

// ParseArguments reads the value of RUN.container: an image, or a JSON array of arguments ending in one.
// The arguments reach the container engine as they are; no shell sees them.
func ParseArguments(value string) ([]string, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil, errors.New("RUN.container: found nothing, wanted an image or a JSON array of arguments ending in one")
	}
	if !strings.HasPrefix(value, "[") {
		return []string{value}, nil
	}
	var arguments []string
	if err := json.Unmarshal([]byte(value), &arguments); err != nil || len(arguments) == 0 {
		return nil, fmt.Errorf("RUN.container: found %q, wanted an image or a JSON array of strings ending in one", value)
	}
	return arguments, nil
}

var notInAName = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// Sanitized makes a VM's name fit for a container and a host name.
func Sanitized(name string) string { return notInAName.ReplaceAllString(name, "-") }

// Engine runs containers by the `docker` command; DOCKER_HOST and the like choose where.
type Engine struct {
	Network string
	Rig     string // the value of RigLabel
	Host    string // and of HostLabel: one of the simulated hosts of a rig
}

// Create makes a stopped container. Guest information travels in the command's environment, not in its arguments,
// which every process of the machine could read.
func (e Engine) Create(ctx context.Context, spec Spec) (string, error) {
	arguments := []string{
		"create", "--name", spec.Name, "--hostname", spec.Hostname, "--label", RigLabel + "=" + e.Rig, "--label", HostLabel + "=" + e.Host,
		"--network", e.Network, "--ip", spec.Address.String(),
	}
	var environment []string
	for _, name := range slices.Sorted(maps.Keys(spec.Environment)) {
		arguments = append(arguments, "--env", name)
		environment = append(environment, name+"="+spec.Environment[name])
	}
	out, err := e.docker(ctx, environment, append(arguments, spec.Arguments...)...)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(out), nil
}

func (e Engine) Start(ctx context.Context, id string) error {
	_, err := e.docker(ctx, nil, "start", id)
	return err
}

// Kill is the power button held down; a container that does not run is no error.
func (e Engine) Kill(ctx context.Context, id string) error {
	if _, err := e.docker(ctx, nil, "kill", id); err != nil {
		running, _, inspectErr := e.State(ctx, id)
		if inspectErr != nil || running {
			return err
		}
	}
	return e.waitStopped(ctx, id)
}

// Stop asks the guest to shut down and kills it after the grace period.
func (e Engine) Stop(ctx context.Context, id string, grace time.Duration) error {
	_, err := e.docker(ctx, nil, "stop", "-t", fmt.Sprint(int(grace.Seconds())), id)
	return err
}

func (e Engine) waitStopped(ctx context.Context, id string) error {
	_, err := e.docker(ctx, nil, "wait", id)
	return err
}

// State tells whether the container runs and, if not, how it ended.
func (e Engine) State(ctx context.Context, id string) (running bool, exitCode int, err error) {
	out, err := e.docker(ctx, nil, "inspect", "--type", "container", "--format", "{{.State.Running}} {{.State.ExitCode}}", id)
	if err != nil {
		return false, 0, err
	}
	if _, err := fmt.Sscanf(out, "%t %d", &running, &exitCode); err != nil {
		return false, 0, fmt.Errorf("inspecting container %s: found %q: %w", id, out, err)
	}
	return running, exitCode, nil
}

// showAddresses prints a machine's own addresses, and fails until it has left its network to its guest (entrypoint.sh).
const showAddresses = "[ -e /run/kubelab-network-taken ] && ip -4 -o address show dev eth0 scope global"

var shownAddress = regexp.MustCompile(`\binet (\S+)`)

// Address asks the guest for the first address of its adapter; an error while it has none.
func (e Engine) Address(ctx context.Context, id string) (netip.Prefix, error) {
	out, err := e.docker(ctx, nil, "exec", id, "sh", "-c", showAddresses)
	if err != nil {
		return netip.Prefix{}, err
	}
	found := shownAddress.FindStringSubmatch(out)
	if found == nil {
		return netip.Prefix{}, fmt.Errorf("container %s has no address yet", id)
	}
	return netip.ParsePrefix(found[1])
}

// Remove deletes containers with their anonymous volumes.
func (e Engine) Remove(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := e.docker(ctx, nil, append([]string{"rm", "--force", "--volumes"}, ids...)...)
	return err
}

// Own lists the containers that carry the labels of this rig's host, running or not.
func (e Engine) Own(ctx context.Context) ([]string, error) {
	out, err := e.docker(ctx, nil, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+RigLabel+"="+e.Rig, "--filter", "label="+HostLabel+"="+e.Host)
	return strings.Fields(out), err
}

// Deaths calls ended with the id of each of this host's containers that stops, until the stream or ctx ends.
// Those since the given Unix time come first.
func (e Engine) Deaths(ctx context.Context, since string, ended func(id string)) error {
	command := exec.CommandContext(ctx, "docker", "events", "--since", since, "--filter", "type=container", "--filter", "event=die",
		"--filter", "label="+RigLabel+"="+e.Rig, "--filter", "label="+HostLabel+"="+e.Host, "--format", "{{.Actor.ID}}")
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it must not outlive a killed host
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("docker events: %w", err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		ended(strings.TrimSpace(lines.Text()))
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("docker events: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return errors.New("docker events: ended")
}

func (e Engine) docker(ctx context.Context, environment []string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	command := exec.CommandContext(ctx, "docker", arguments...)
	command.Env = append(os.Environ(), environment...)
	out, err := command.Output()
	if err == nil {
		return string(out), nil
	}
	reason := err.Error()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		reason = strings.Join(strings.Fields(string(exit.Stderr)), " ")
	}
	if ctx.Err() != nil {
		reason = fmt.Sprintf("%v after at most %s: %s", ctx.Err(), timeout, reason)
	}
	return "", fmt.Errorf("docker %s: %s", arguments[0], reason)
}
