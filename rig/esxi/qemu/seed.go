package qemu

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/iso9660"
	"gopkg.in/yaml.v3"
)

// A guest of ESXi asks the hypervisor for its guestinfo keys; QEMU does not answer VMware's calls. So the same payload
// comes on a disc of cloud-init's datasource NoCloud, and what a guest would write back (the metadata's `redact`)
// reaches nobody. That the image has open-vm-tools to ask with is not proven by such a machine.
const (
	keyPrefix   = "guestinfo."
	seedLabel   = "CIDATA"
	sectorBytes = 2048
)

// files of the datasource, by the guestinfo key that has their content.
var seedFiles = map[string]string{"metadata": "meta-data", "userdata": "user-data", "vendordata": "vendor-data"}

// SeedFiles turns guestinfo keys into the files of cloud-init's datasource NoCloud, by name; nil if there are none.
//
// Each key's encoding is that of datasource VMware: none, `base64` (`b64`) or `gzip+base64` (`gz+b64`). The metadata's
// network, in the metadata or encoded by itself, is a file of its own there.
func SeedFiles(guestinfo map[string]string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for key, name := range seedFiles {
		value, ok := guestinfo[keyPrefix+key]
		if !ok || value == "" {
			continue
		}
		content, err := decoded(value, guestinfo[keyPrefix+key+".encoding"])
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", keyPrefix, key, err)
		}
		files[name] = content
	}
	if len(files) == 0 {
		return nil, nil
	}
	network, err := networkOf(files["meta-data"])
	if err != nil {
		return nil, fmt.Errorf("%smetadata: %w", keyPrefix, err)
	}
	if network != nil {
		files["network-config"] = network
	}
	for _, needed := range []string{"meta-data", "user-data"} { // NoCloud is no datasource without both
		files[needed] = append(files[needed], []byte{}...)
	}
	return files, nil
}

func decoded(value, encoding string) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "":
		return []byte(value), nil
	case "base64", "b64":
		return base64.StdEncoding.DecodeString(value)
	case "gzip+base64", "gz+b64":
		packed, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, err
		}
		reader, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(reader)
	default:
		return nil, fmt.Errorf("found encoding %q, wanted base64 or gzip+base64", encoding)
	}
}

func networkOf(metadata []byte) ([]byte, error) {
	var known struct {
		Network  yaml.Node `yaml:"network"`
		Encoding string    `yaml:"network.encoding"`
	}
	if err := yaml.Unmarshal(metadata, &known); err != nil {
		return nil, err
	}
	switch known.Network.Kind {
	case 0:
		return nil, nil
	case yaml.ScalarNode:
		return decoded(known.Network.Value, known.Encoding)
	default:
		return yaml.Marshal(map[string]*yaml.Node{"network": &known.Network})
	}
}

// WriteSeed writes the files onto a disc, an ISO 9660 image with Rock Ridge names that only its owner may read.
func WriteSeed(disc string, files map[string][]byte) (err error) {
	workspace, err := os.MkdirTemp(filepath.Dir(disc), ".seed-") // of this user alone: there is a private key in it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(workspace)) }()
	target, err := os.OpenFile(disc, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	image, err := iso9660.Create(file.New(target, false), 0, 0, sectorBytes, workspace)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(workspace, name), content, 0o600); err != nil {
			return err
		}
	}
	return image.Finalize(iso9660.FinalizeOptions{RockRidge: true, VolumeIdentifier: fmt.Sprintf("%-32s", seedLabel)})
}
