package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

const (
	// imageOfDisk stands, at the end of RUN.container's arguments, for the container image of the VM's first disk.
	imageOfDisk = "image-of-disk"
	// vmdkHead is where the descriptor of a streamOptimized disk ends.
	vmdkHead = 128 * 512
)

var contentID = regexp.MustCompile(`(?m)^CID=([0-9a-f]{8})$`)

// containerRoots is the file that names container images by the content id (CID) of the disks that hold the same root
// file system. It may change while the host runs: the lab gets images for further guest systems.
type containerRoots string

// of returns the container image of the VM's first disk.
func (r containerRoots) of(registry *simulator.Registry, vm *simulator.VirtualMachine) (string, error) {
	disks := disksOf(vm)
	if len(disks) == 0 {
		return "", errors.New("no disk, of which its container could have the root file system")
	}
	held, _ := holding(located(registry, disks[0].path))
	id, err := diskContentID(held)
	if err != nil {
		return "", fmt.Errorf("reading what disk %s holds: %w", disks[0].path, err)
	}
	images, err := r.read()
	if err != nil {
		return "", fmt.Errorf("reading which container images there are: %w", err)
	}
	if image := images[id]; image != "" {
		return image, nil
	}
	known := strings.Join(slices.Sorted(maps.Keys(images)), ", ")
	return "", fmt.Errorf("disk %s holds content %q, and there are container images for %q; give the machine one of the lab's own images (.rig/images.lock.yaml), or have it be a real one (RUN.qemu)", disks[0].path, id, known)
}

func (r containerRoots) read() (map[string]string, error) {
	if r == "" {
		return nil, errors.New("the host was started without -container-roots")
	}
	text, err := os.ReadFile(string(r))
	if err != nil {
		return nil, err
	}
	var images map[string]string
	if err := json.Unmarshal(text, &images); err != nil {
		return nil, fmt.Errorf("%s: %w", string(r), err)
	}
	return images, nil
}

func diskContentID(file string) (string, error) {
	disk, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer disk.Close()
	head, err := io.ReadAll(io.LimitReader(disk, vmdkHead))
	if err != nil {
		return "", err
	}
	if found := contentID.FindSubmatch(head); found != nil {
		return string(found[1]), nil
	}
	return "", errors.New("found no content id (CID) in it")
}
