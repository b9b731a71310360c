package qemu

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	tunDevice   = "/dev/net/tun"
	tapTemplate = "kubelab-vm%d" // the kernel counts
)

// Tap makes a tap device on the bridge. It is gone once nobody has the returned file open.
func Tap(bridge string) (*os.File, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; a real machine's network adapter is a tap device, which only root may make", tunDevice, err)
	}
	file := os.NewFile(uintptr(fd), tunDevice)
	if err := attach(fd, bridge); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func attach(fd int, bridge string) error {
	device, err := unix.NewIfreq(tapTemplate)
	if err != nil {
		return err
	}
	device.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, device); err != nil {
		return fmt.Errorf("making a tap device: %w", err)
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	tap, err := unix.NewIfreq(device.Name())
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, tap); err != nil {
		return fmt.Errorf("looking at %s: %w", device.Name(), err)
	}
	port, err := unix.NewIfreq(bridge)
	if err != nil {
		return err
	}
	port.SetUint32(tap.Uint32())
	if err := unix.IoctlIfreq(socket, unix.SIOCBRADDIF, port); err != nil {
		return fmt.Errorf("putting %s on bridge %s: %w", device.Name(), bridge, err)
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, tap); err != nil {
		return fmt.Errorf("looking at %s: %w", device.Name(), err)
	}
	tap.SetUint16(tap.Uint16() | unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, tap); err != nil {
		return fmt.Errorf("switching %s on: %w", device.Name(), err)
	}
	return nil
}
