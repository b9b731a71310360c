// Package qemu runs a virtual machine of the simulated host as a QEMU process with the virtual hardware that ESXi
// gives: pvscsi, vmxnet3, an ACPI power button. It knows nothing of vSphere's API.
package qemu

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Program is the emulator: a real machine is of the architecture that ESXi has.
const Program = "qemu-system-x86_64"

// Accelerator is what runs a machine's instructions.
type Accelerator string

const (
	KVM Accelerator = "kvm"
	TCG Accelerator = "tcg"
)

// File descriptors that a process is handed: no path is too long for a socket, and a tap device ends with its process.
const (
	monitorFD  = 3
	firstTapFD = 4
)

// Settings is what extraConfig's RUN.qemu says of a machine.
type Settings struct {
	Accelerator Accelerator `json:"accelerator"`
}

// ParseSettings reads RUN.qemu: a JSON object, `{}` for what the host does by itself. The word `false` means that the
// machine is none of QEMU's, whatever its site says of all machines; wanted is false then.
func ParseSettings(value string) (settings Settings, wanted bool, err error) {
	text := strings.TrimSpace(value)
	if text == "" || text == "false" {
		return Settings{}, false, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil || !settings.Accelerator.known() {
		return Settings{}, true, fmt.Errorf(`found %q, wanted false or an object such as {"accelerator": "kvm"} (or "tcg")`, value)
	}
	return settings, true, nil
}

func (a Accelerator) known() bool { return a == "" || a == KVM || a == TCG }

// ParseAccelerator reads a word of the command line.
func ParseAccelerator(word string) (Accelerator, error) {
	if a := Accelerator(word); a.known() && a != "" {
		return a, nil
	}
	return "", fmt.Errorf("found %q, wanted %s or %s", word, KVM, TCG)
}

// Disk is one on the machine's SCSI controller. File is its overlay; Unit its number on the controller.
type Disk struct {
	File string
	Unit int
}

// node names the disk to the monitor.
func (d Disk) node() string { return fmt.Sprintf("disk%d", d.Unit) }

// Machine is what a process is started from. MACs are those of its network adapters, each on the bridge.
type Machine struct {
	Name        string
	UUID        string
	CPUs        int
	MemoryMiB   int64
	Nested      bool
	Accelerator Accelerator
	Disks       []Disk
	MACs        []string
	Seed        string // file of the disc with guest data, "" for none
	SerialLog   string
}

// Arguments is QEMU's command line. `intel`: the host's processor is of Intel's kind, which matters to KVM alone.
//
// The firmware is SeaBIOS whatever the machine's own is: Debian's OVMF has no driver for pvscsi.
func (m Machine) Arguments(intel bool) []string {
	arguments := []string{
		"-name", strings.ReplaceAll(m.Name, ",", ",,"), "-nodefaults", "-no-user-config", "-machine", "q35",
		"-accel", m.accel(), "-cpu", m.processor(intel), "-smp", strconv.Itoa(m.CPUs), "-m", fmt.Sprintf("%dM", m.MemoryMiB),
		"-uuid", m.UUID, "-rtc", "base=utc", "-display", "none", "-vga", "std",
		"-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", monitorFD), "-mon", "chardev=monitor,mode=control",
		"-chardev", "file,id=serial,append=on,path=" + strings.ReplaceAll(m.SerialLog, ",", ",,"), "-serial", "chardev:serial",
		"-device", "pvscsi,id=scsi",
	}
	for index, disk := range m.Disks {
		arguments = append(arguments, "-blockdev", disk.blockDevice(),
			"-device", fmt.Sprintf("scsi-hd,bus=scsi.0,scsi-id=%d,drive=%s,bootindex=%d", disk.Unit, disk.node(), index+1))
	}
	for index, mac := range m.MACs {
		arguments = append(arguments, "-netdev", fmt.Sprintf("tap,id=net%d,fd=%d", index, firstTapFD+index),
			"-device", fmt.Sprintf("vmxnet3,netdev=net%d,mac=%s", index, mac))
	}
	if m.Seed != "" {
		arguments = append(arguments, "-blockdev", blockDevice(map[string]any{
			"driver": "raw", "node-name": "seed", "read-only": true, "file": map[string]any{"driver": "file", "filename": m.Seed},
		}), "-device", "ide-cd,bus=ide.0,drive=seed")
	}
	return arguments
}

func (m Machine) accel() string {
	if m.Accelerator == KVM {
		return "kvm"
	}
	return "tcg,thread=multi"
}

// processor is the CPU model with or without the means to run machines in the machine.
//
// Under TCG it is `qemu64`, of AMD's kind: QEMU 7.2's `max` without svm breaks a guest's mounts.
func (m Machine) processor(intel bool) string {
	model, flag := "qemu64", "svm"
	if m.Accelerator == KVM {
		model = "host"
		if intel {
			flag = "vmx"
		}
	}
	if m.Nested {
		return model + ",+" + flag
	}
	return model + ",-" + flag
}

// blockDevice reads the base once: what was read of it, in clusters as large as its compressed grains, is in the
// overlay afterwards. Writes are not flushed to the host's disk, since nothing of a machine outlives its host.
func (d Disk) blockDevice() string {
	cache := map[string]any{"no-flush": true}
	return blockDevice(map[string]any{
		"driver": "copy-on-read", "node-name": d.node(), "cache": cache,
		"file": map[string]any{
			"driver": "qcow2", "cache": cache, "discard": "unmap",
			"file": map[string]any{"driver": "file", "filename": d.File, "cache": cache},
		},
	})
}

func blockDevice(description map[string]any) string {
	text, err := json.Marshal(description)
	if err != nil {
		panic(err) // of strings and booleans alone
	}
	return string(text)
}

// Supported says why this machine cannot run machines by QEMU, nil if it can.
func Supported() error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("this machine is %s, wanted amd64", runtime.GOARCH)
	}
	return nil
}
