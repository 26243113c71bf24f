package report

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/analysis/estimate"
)

// Input is all that a report is made from.
type Input struct {
	Profile     string
	Experiments map[string]*estimate.Experiment
	Digests     []Digest // of every table, by path
	Readme      []byte   // README.md at the root; nil: none
	Plan        *Plan    // experiments/plan.yaml; nil: none
}

// Digest is one table's SHA-256, in hex. Path is relative to the root, with slashes.
type Digest struct {
	Path, SHA256 string
}

// File is a rendered file. Path is relative to the root, with slashes.
type File struct {
	Path string
	Data []byte
}

// Profiles names the profiles that have results below root, in order.
func Profiles(root string) ([]string, error) {
	dir := filepath.Join(root, "results")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, d := range entries {
		if !d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			continue
		}
		if _, err := Experiments(root, d.Name()); err == nil { // a sweep's first runs are not compacted yet
			names = append(names, d.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: there are no results; `theriac demo` or `theriac run experiments/NAME` makes some", dir)
	}
	return names, nil
}

// Experiments names the experiments that have results at a profile, in order.
func Experiments(root, profile string) ([]string, error) {
	if profile == "" || strings.ContainsAny(profile, `/\`) || strings.HasPrefix(profile, ".") {
		return nil, fmt.Errorf("profile %q: want a name, such as demo", profile)
	}
	dir := filepath.Join(root, "results", profile)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, d := range entries {
		if d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			names = append(names, d.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: there are no results; `theriac run experiments/NAME --profile %s` makes some", dir, profile)
	}
	return names, nil
}

// Load reads results/PROFILE below root: every directory in it is an experiment. A profile
// without results is an error.
func Load(root, profile string) (*Input, error) {
	names, err := Experiments(root, profile)
	if err != nil {
		return nil, err
	}
	in := &Input{Profile: profile, Experiments: map[string]*estimate.Experiment{}}
	for _, name := range names {
		at := filepath.Join(root, "results", profile, name)
		e, err := estimate.Read(name, at)
		if err != nil {
			return nil, err
		}
		in.Experiments[name] = e
		tables, err := os.ReadDir(at)
		if err != nil {
			return nil, err
		}
		for _, t := range tables {
			if filepath.Ext(t.Name()) != ".parquet" {
				continue
			}
			sum, err := digest(filepath.Join(at, t.Name()))
			if err != nil {
				return nil, err
			}
			in.Digests = append(in.Digests, Digest{"results/" + profile + "/" + name + "/" + t.Name(), sum})
		}
	}
	if in.Plan, err = readPlan(root); err != nil {
		return nil, err
	}
	if in.Plan != nil {
		sum, err := digest(filepath.Join(root, filepath.FromSlash(planFile)))
		if err != nil {
			return nil, err
		}
		in.Digests = append(in.Digests, Digest{planFile, sum})
	}
	if in.Readme, err = os.ReadFile(filepath.Join(root, "README.md")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	slices.SortFunc(in.Digests, func(a, b Digest) int { return strings.Compare(a.Path, b.Path) })
	return in, nil
}

func digest(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(data)), nil
}

// directories are those that hold files of the report's own, which no others belong in.
func directories(files []File) (dirs []string) {
	for _, f := range files {
		if d := path.Dir(f.Path); d != "." && !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	return dirs
}

// Write writes files below root, removing others from the report's own directories.
func Write(root string, files []File) error {
	for _, dir := range directories(files) {
		if err := os.RemoveAll(filepath.Join(root, filepath.FromSlash(dir))); err != nil {
			return err
		}
	}
	for _, f := range files {
		path := filepath.Join(root, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := renameio.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Check names the first difference between files and what lies below root; "" if there is none.
func Check(root string, files []File) (string, error) {
	made := map[string]bool{}
	for _, f := range files {
		made[f.Path] = true
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		if errors.Is(err, fs.ErrNotExist) {
			return f.Path + " is missing", nil
		} else if err != nil {
			return "", err
		}
		if !bytes.Equal(data, f.Data) {
			return f.Path + " differs" + difference(data, f.Data), nil
		}
	}
	for _, dir := range directories(files) {
		old, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		for _, d := range old {
			if name := dir + "/" + d.Name(); !made[name] {
				return name + " is not made any more", nil
			}
		}
	}
	return "", nil
}

// difference says where two files part: by line for text, by byte otherwise.
func difference(old, now []byte) string {
	i := 0
	for i < min(len(old), len(now)) && old[i] == now[i] {
		i++
	}
	if bytes.IndexByte(now, 0) >= 0 {
		return fmt.Sprintf(" at byte %d", i)
	}
	line := func(data []byte) string {
		i := min(i, len(data))
		from := bytes.LastIndexByte(data[:i], '\n') + 1
		rest, _, _ := bytes.Cut(data[from:], []byte("\n"))
		if len(rest) > 200 {
			rest = rest[:200]
		}
		return string(rest)
	}
	return fmt.Sprintf(" at line %d: committed %q, now %q", 1+bytes.Count(old[:i], []byte("\n")), line(old), line(now))
}
