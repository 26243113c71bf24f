package store

// Files that are whole or absent, and errors that name the file and the remedy.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// fsync makes what was written survive a power cut. Tests that do nothing but write
// replace it: a kill, which they can try, needs no sync.
var fsync = (*os.File).Sync

// fail says what could not be done to a file and, where there is one, the remedy.
func fail(path string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		path, err = p.Path, p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		path, err = l.New, l.Err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%s: %w: free some space and give the same command again; what is stored is whole", path, err)
	case errors.Is(err, syscall.EXDEV):
		return fmt.Errorf("%s: %w: the tables and the shards must be on one file system", path, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w: make the directory writable and give the same command again", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// writeWhole makes path hold data or leaves it as it was. temp is a name on the
// same file system that nobody else uses.
func writeWhole(path, temp string, data []byte) error {
	if err := writeSynced(temp, data); err != nil {
		os.Remove(temp)
		return fail(path, err)
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return fail(path, err)
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = fsync(f)
	}
	return errors.Join(err, f.Close())
}

// syncDir makes renames in a directory survive a power cut, where directories can be synced.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fail(dir, err)
	}
	defer f.Close()
	if err := fsync(f); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return fail(dir, err)
	}
	return nil
}
