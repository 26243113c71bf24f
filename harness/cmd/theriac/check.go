package main

// What is refused before any work is done: paths that cannot be written, names that there are not.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/harness/defense"
)

// fileToWrite refuses a directory where a flag wants a file; "" is no file.
func fileToWrite(flag, path string) error {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return fmt.Errorf("%s %s is a directory: want a file to write", flag, path)
	}
	return nil
}

// placeToWrite is fileToWrite for what takes long: the directory that the file goes to must be there.
func placeToWrite(flag, path string) error {
	if st, err := os.Stat(filepath.Dir(path)); err != nil || !st.IsDir() {
		return fmt.Errorf("%s %s: there is no directory %s; make it first", flag, path, filepath.Dir(path))
	}
	return fileToWrite(flag, path)
}

// vacant refuses what is there already where a new directory is to be written.
func vacant(flag, dir string) error {
	files, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		if st, e := os.Stat(dir); e == nil && !st.IsDir() {
			return fmt.Errorf("%s %s is a file: want a directory to write", flag, dir)
		}
		return fmt.Errorf("%s: %w", flag, err)
	case len(files) > 0:
		return fmt.Errorf("%s %s is not empty; choose another or remove it", flag, dir)
	}
	return nil
}

// writable makes sure that a directory can be written, and leaves it as it is. Those above it are made.
func writable(flag, dir string) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o777)
	if err == nil {
		switch err = os.Mkdir(dir, 0o777); {
		case err == nil:
			return os.Remove(dir)
		case errors.Is(err, fs.ErrExist):
			var probe string
			if probe, err = os.MkdirTemp(dir, ".part-"); err == nil {
				return os.Remove(probe)
			}
		}
	}
	return fmt.Errorf("%s %s cannot be written: %w", flag, dir, err)
}

// sameFile says whether two paths name one file that is there.
func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// knownDetectors refuses names that a catalogue lacks.
func knownDetectors(names []string, catalogue []defense.Entry) error {
	for _, n := range names {
		if !slices.ContainsFunc(catalogue, func(e defense.Entry) bool { return e.Name == n }) {
			var all []string
			for _, e := range catalogue {
				all = append(all, e.Name)
			}
			return fmt.Errorf("--detectors: no detector %q; there are %s", n, strings.Join(all, ", "))
		}
	}
	return nil
}
