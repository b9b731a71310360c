package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/types/known/structpb"
)

// pattern is one of the globs, in order; one that starts with "!" takes files out again.
type pattern struct {
	glob     glob.Glob
	excludes bool
}

// collectFiles adds the outputs assets and archive, where they are asked for.
func (c *command) collectFiles(directory string, outputs map[string]*structpb.Value) error {
	if c.AssetPaths != nil {
		assets, err := matchingAssets(directory, c.AssetPaths)
		if err != nil {
			return fmt.Errorf("collecting assetPaths: %w", err)
		}
		outputs["assets"] = structpb.NewStructValue(&structpb.Struct{Fields: assets})
	}
	if c.ArchivePaths != nil {
		assets, err := matchingAssets(directory, c.ArchivePaths)
		if err != nil {
			return fmt.Errorf("collecting archivePaths: %w", err)
		}
		outputs["archive"] = archiveOf(assets)
	}
	return nil
}

func matchingAssets(directory string, globs []string) (map[string]*structpb.Value, error) {
	patterns := make([]pattern, 0, len(globs))
	for _, text := range globs {
		wanted, excludes := strings.CutPrefix(text, "!")
		compiled, err := glob.Compile(wanted, '/')
		if err != nil {
			return nil, fmt.Errorf("reading the pattern %q: %w", text, err)
		}
		patterns = append(patterns, pattern{compiled, excludes})
	}
	assets := map[string]*structpb.Value{}
	err := fs.WalkDir(os.DirFS(directory), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !chosen(patterns, name) {
			return err
		}
		asset, err := fileAsset(filepath.Join(directory, name))
		assets[name] = asset
		return err
	})
	return assets, err
}

// chosen tells whether the last pattern that matches includes the file.
func chosen(patterns []pattern, name string) bool {
	for _, p := range slices.Backward(patterns) {
		if p.glob.Match(name) {
			return !p.excludes
		}
	}
	return false
}

func fileAsset(path string) (*structpb.Value, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		sig.Key: structpb.NewStringValue(assetSignature),
		"path":  structpb.NewStringValue(path),
		"hash":  structpb.NewStringValue(hex.EncodeToString(hash.Sum(nil))),
	}}), nil
}

// archiveOf makes an archive of assets; its hash changes with any name or content.
func archiveOf(assets map[string]*structpb.Value) *structpb.Value {
	hash := sha256.New()
	names := make([]string, 0, len(assets))
	for name := range assets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(hash, "%q %s\n", name, assets[name].GetStructValue().GetFields()["hash"].GetStringValue())
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
		sig.Key:  structpb.NewStringValue(archiveSignature),
		"assets": structpb.NewStructValue(&structpb.Struct{Fields: assets}),
		"hash":   structpb.NewStringValue(hex.EncodeToString(hash.Sum(nil))),
	}})
}
