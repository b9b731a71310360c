package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	imageProgram = "qemu-img"
	imageTimeout = 60 * time.Second
	streamMagic  = "KDMV"    // begins a streamOptimized VMDK
	qcow2Magic   = "QFI\xfb" // begins what a machine wrote to a disk, such as a linked clone's parent
)

// OverlaySuffix ends the name of what a machine wrote to a disk: the disk's own file is never written to.
const OverlaySuffix = "-written.qcow2"

// Overlay makes the file that a machine writes to, over the disk's content, or grows the one that is there.
//
// base: the content as it was uploaded, a streamOptimized VMDK (real hosts unpack it); raw content is taken too, and
// an empty or missing file is an empty disk. capacity: bytes.
func Overlay(ctx context.Context, overlay, base string, capacity int64) error {
	if _, err := os.Stat(overlay); errors.Is(err, os.ErrNotExist) {
		return create(ctx, overlay, base, capacity)
	}
	found, err := virtualSize(ctx, overlay)
	if err != nil || found >= capacity {
		return err
	}
	return image(ctx, nil, "resize", "-q", "-f", "qcow2", overlay, fmt.Sprint(capacity))
}

func create(ctx context.Context, overlay, base string, capacity int64) error {
	kind, err := format(base)
	if err != nil {
		return err
	}
	arguments := []string{"create", "-q", "-f", "qcow2"}
	if kind != "" {
		arguments = append(arguments, "-b", base, "-F", kind)
	}
	unfinished := overlay + ".new"
	if err := image(ctx, nil, append(arguments, unfinished, fmt.Sprint(capacity))...); err != nil {
		return errors.Join(err, os.RemoveAll(unfinished))
	}
	return os.Rename(unfinished, overlay)
}

// format is what QEMU calls the content's format, "" if there is none.
func format(base string) (string, error) {
	file, err := os.Open(base)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	begin := make([]byte, len(streamMagic))
	switch read, _ := file.Read(begin); {
	case read == 0:
		return "", nil
	case string(begin) == streamMagic:
		return "vmdk", nil
	case string(begin) == qcow2Magic:
		return "qcow2", nil
	default:
		return "raw", nil
	}
}

func virtualSize(ctx context.Context, file string) (int64, error) {
	var out strings.Builder
	if err := image(ctx, &out, "info", "--output=json", file); err != nil {
		return 0, err
	}
	var facts struct {
		VirtualSize int64 `json:"virtual-size"`
	}
	if err := json.Unmarshal([]byte(out.String()), &facts); err != nil {
		return 0, fmt.Errorf("%s info %s: %w", imageProgram, file, err)
	}
	return facts.VirtualSize, nil
}

func image(ctx context.Context, out *strings.Builder, arguments ...string) error {
	ctx, cancel := context.WithTimeout(ctx, imageTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, imageProgram, arguments...)
	var stderr strings.Builder
	command.Stderr = &stderr
	if out != nil {
		command.Stdout = out
	}
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", imageProgram, arguments[0], err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return nil
}

// Flatten writes all that a disk holds into `target`, as raw content.
func Flatten(ctx context.Context, overlay, target string) error {
	return image(ctx, nil, "convert", "-q", "-f", "qcow2", "-O", "raw", overlay, target)
}
