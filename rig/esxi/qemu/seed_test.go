package qemu

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/iso9660"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func zipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

func TestEveryEncodingOfGuestinfoEndsAsTheSameFile(t *testing.T) {
	for encoding, value := range map[string]string{"": "#cloud-config\n", "base64": encoded("#cloud-config\n"), "gz+b64": zipped(t, "#cloud-config\n")} {
		files, err := SeedFiles(map[string]string{
			"guestinfo.metadata": encoded("instance-id: i-1\n"), "guestinfo.metadata.encoding": "b64",
			"guestinfo.userdata": value, "guestinfo.userdata.encoding": encoding, "unrelated": "x",
		})
		if err != nil || string(files["user-data"]) != "#cloud-config\n" || string(files["meta-data"]) != "instance-id: i-1\n" || len(files) != 2 {
			t.Errorf("%q: found %q, %v", encoding, files, err)
		}
	}
}

func TestTheMetadatasNetworkIsAFileOfItsOwn(t *testing.T) {
	for _, metadata := range []string{
		"network:\n  version: 2\n  ethernets: {}\n",
		"network: " + encoded("network:\n  version: 2\n  ethernets: {}\n") + "\nnetwork.encoding: base64\n",
	} {
		files, err := SeedFiles(map[string]string{"guestinfo.metadata": metadata})
		if err != nil || !strings.Contains(string(files["network-config"]), "version: 2") {
			t.Errorf("%q: found %q, %v", metadata, files, err)
		}
		if _, ok := files["user-data"]; !ok {
			t.Errorf("without user data the disc is no datasource: %q", files)
		}
	}
}

func TestAMachineWithoutGuestDataGetsNoDisc(t *testing.T) {
	files, err := SeedFiles(map[string]string{"guestinfo.userdata": "", "kubelab.owner": "x"})
	if err != nil || files != nil {
		t.Errorf("found %q, %v", files, err)
	}
}

func TestGuestDataThatCannotBeDecodedNamesItsKey(t *testing.T) {
	for _, encoding := range []string{"base64", "gzip+base64", "rot13"} {
		_, err := SeedFiles(map[string]string{"guestinfo.userdata": "?", "guestinfo.userdata.encoding": encoding})
		if err == nil || !strings.Contains(err.Error(), "guestinfo.userdata") {
			t.Errorf("%s: found %v", encoding, err)
		}
	}
}

func TestTheDiscIsLabelledHoldsTheFilesAndIsItsOwnersAlone(t *testing.T) {
	disc := filepath.Join(t.TempDir(), "seed.iso")
	wanted := map[string][]byte{"meta-data": []byte("instance-id: i-1\n"), "user-data": bytes.Repeat([]byte("#cloud-config\n"), 1000)}
	if err := WriteSeed(disc, wanted); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(disc)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the disc has %v (%v)", info.Mode(), err)
	}
	image, err := iso9660.Read(file.New(opened, true), info.Size(), 0, sectorBytes)
	if err != nil {
		t.Fatal(err)
	}
	if label := strings.TrimSpace(image.Label()); label != "CIDATA" {
		t.Errorf("the label is %q", label)
	}
	for name, content := range wanted {
		held, err := image.OpenFile("/"+name, os.O_RDONLY)
		if err != nil {
			t.Fatal(err)
		}
		found, err := io.ReadAll(held)
		if err != nil || !bytes.Equal(found, content) {
			t.Errorf("%s holds %d bytes (%v), wanted %d", name, len(found), err, len(content))
		}
	}
	if left, err := fs.Glob(os.DirFS(filepath.Dir(disc)), ".seed-*"); err != nil || len(left) != 0 {
		t.Errorf("left beside the disc: %v (%v)", left, err)
	}
}
