package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// upload writes files of this machine on another.
type upload struct{ *sftp.Client }

func (u upload) source(from source, to string) error {
	if from.Path == "" {
		return u.text(from.Text, to)
	}
	info, err := os.Stat(from.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return u.directory(from.Path, to)
	}
	return u.intoPlace(to, filepath.Base(from.Path), func(to string) error { return u.file(from.Path, to) })
}

func (u upload) text(content, to string) error {
	exists, isDirectory, err := u.look(to)
	if err != nil {
		return err
	}
	if exists && isDirectory {
		return fmt.Errorf("%s is a directory; for a text, remotePath must name a file", to)
	}
	return u.intoPlace(to, "", func(to string) error { return u.write(strings.NewReader(content), to) })
}

// intoPlace writes into an existing directory under the given name, else at
// the path itself, making the directories above it.
func (u upload) intoPlace(to, name string, write func(to string) error) error {
	exists, isDirectory, err := u.look(to)
	switch {
	case err != nil:
		return err
	case exists && isDirectory:
		to = path.Join(to, name)
	case !exists:
		if err := u.MkdirAll(path.Dir(to)); err != nil {
			return fmt.Errorf("making the directory %s: %w", path.Dir(to), err)
		}
	}
	return write(to)
}

// directory copies a tree. As with rsync, a trailing slash means the contents,
// no slash the directory itself.
func (u upload) directory(from, to string) error {
	if !strings.HasSuffix(from, "/") {
		absolute, err := filepath.Abs(from)
		if err != nil {
			return err
		}
		exists, isDirectory, err := u.look(to)
		if err != nil {
			return err
		}
		if exists && !isDirectory {
			return fmt.Errorf("%s exists and is not a directory", to)
		}
		to = path.Join(to, filepath.Base(absolute))
	}
	// A walk does not follow its root when that is a symbolic link.
	root, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(local string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, local)
		if err != nil {
			return err
		}
		remote := path.Join(to, filepath.ToSlash(relative))
		if entry.IsDir() {
			return u.ensureDirectory(remote)
		}
		return u.file(local, remote)
	})
}

func (u upload) ensureDirectory(to string) error {
	exists, isDirectory, err := u.look(to)
	if err != nil {
		return err
	}
	if exists && !isDirectory {
		return fmt.Errorf("%s exists and is not a directory", to)
	}
	if err := u.MkdirAll(to); err != nil {
		return fmt.Errorf("making the directory %s: %w", to, err)
	}
	return nil
}

func (u upload) look(to string) (exists, isDirectory bool, err error) {
	info, err := u.Stat(to)
	if errors.Is(err, os.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("looking at %s: %w", to, err)
	}
	return true, info.IsDir(), nil
}

func (u upload) file(from, to string) error {
	local, err := os.Open(from)
	if err != nil {
		return err
	}
	defer local.Close()
	return u.write(local, to)
}

func (u upload) write(content io.Reader, to string) error {
	remote, err := u.Create(to)
	if err != nil {
		return fmt.Errorf("making the file %s: %w", to, err)
	}
	_, err = remote.ReadFrom(content)
	if closing := remote.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", to, err)
	}
	return nil
}
