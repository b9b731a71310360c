package qemu

import (
	"slices"
	"strings"
	"testing"
)

func arguments(accelerator Accelerator, nested, intel bool) string {
	machine := Machine{
		Name: "w1", UUID: "564d", CPUs: 2, MemoryMiB: 2048, Nested: nested, Accelerator: accelerator, SerialLog: "/ds/w1/serial.log",
		Disks: []Disk{{File: "/ds/w1/w1-written.qcow2", Unit: 0}}, MACs: []string{"00:0c:29:00:00:01"}, Seed: "/ds/w1/seed.iso",
	}
	return strings.Join(machine.Arguments(intel), " ")
}

func TestTheProcessorHasTheMeansToRunMachinesOnlyWhereTheVMHasThem(t *testing.T) {
	for _, step := range []struct {
		accelerator   Accelerator
		nested, intel bool
		wanted        string
	}{
		{TCG, true, true, "-accel tcg,thread=multi -cpu qemu64,+svm "},
		{TCG, false, true, "-accel tcg,thread=multi -cpu qemu64,-svm "},
		{KVM, true, true, "-accel kvm -cpu host,+vmx "},
		{KVM, false, true, "-accel kvm -cpu host,-vmx "},
		{KVM, true, false, "-accel kvm -cpu host,+svm "},
		{KVM, false, false, "-accel kvm -cpu host,-svm "},
	} {
		if found := arguments(step.accelerator, step.nested, step.intel); !strings.Contains(found, step.wanted) {
			t.Errorf("%+v: found %s", step, found)
		}
	}
}

func TestAMachineHasESXisHardwareAndItsOwnSizes(t *testing.T) {
	found := arguments(TCG, true, false)
	for _, wanted := range []string{
		"-machine q35 ", "-smp 2 -m 2048M ", "-uuid 564d ", "-device pvscsi,id=scsi ", "-device scsi-hd,bus=scsi.0,scsi-id=0,drive=disk0,bootindex=1",
		"-netdev tap,id=net0,fd=4 -device vmxnet3,netdev=net0,mac=00:0c:29:00:00:01", "-device ide-cd,bus=ide.0,drive=seed",
		"path=/ds/w1/serial.log", `"filename":"/ds/w1/w1-written.qcow2"`,
	} {
		if !strings.Contains(found, wanted) {
			t.Errorf("the arguments lack %q:\n%s", wanted, found)
		}
	}
}

func TestACommaInAPathIsNoNewOption(t *testing.T) {
	machine := Machine{Name: "a,b", SerialLog: "/a,b/serial.log"}
	if found := machine.Arguments(false); !slices.Contains(found, "a,,b") || !slices.Contains(found, "file,id=serial,append=on,path=/a,,b/serial.log") {
		t.Errorf("found %q", found)
	}
}

func TestRunQemuIsAnObjectOrFalse(t *testing.T) {
	for _, step := range []struct {
		value   string
		wanted  bool
		faulty  bool
		machine Accelerator
	}{
		{`{"accelerator": "kvm"}`, true, false, KVM}, {`{}`, true, false, ""}, {"false", false, false, ""}, {"", false, false, ""},
		{"kvm", true, true, ""}, {`{"accelerator": "xen"}`, true, true, ""}, {`{"cpu": "max"}`, true, true, ""},
	} {
		settings, wanted, err := ParseSettings(step.value)
		if wanted != step.wanted || (err != nil) != step.faulty || settings.Accelerator != step.machine {
			t.Errorf("%q: found %+v, %t, %v", step.value, settings, wanted, err)
		}
	}
}
