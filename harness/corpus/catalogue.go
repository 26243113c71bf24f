package corpus

// The catalogue of public data sets: names, addresses, licences and digests,
// never their text. A set is one entry in datasets.go.

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Dataset is one file of a public data set.
type Dataset struct {
	Name    string // set/path, as in a data directory
	URL     string // of the file at a pinned commit
	Licence string
	About   string // of the set
	SHA256  string // hex
	Bytes   int64
	Rows    int    // 0 for files that have no rows
	Shape   Shape  // of training rows; "" for an evaluation set
	Layout  Layout // of an evaluation set
}

// set is one public repository's share of the catalogue.
type set struct {
	name, repo, commit, dir string // dir is where the repository holds the files
	licence, about          string
	files                   []file
}

type file struct {
	path, sha256 string
	bytes        int64
	rows         int
	shape        Shape
	layout       Layout
}

// Catalogue lists every known file, by set.
func Catalogue() []Dataset {
	var out []Dataset
	for _, s := range sets {
		for _, f := range s.files {
			out = append(out, Dataset{
				Name:    s.name + "/" + f.path,
				URL:     "https://raw.githubusercontent.com/" + path.Join(s.repo, s.commit, s.dir, f.path),
				Licence: s.licence, About: s.about, SHA256: f.sha256, Bytes: f.bytes, Rows: f.rows, Shape: f.shape, Layout: f.layout,
			})
		}
	}
	return out
}

// FilesOf lists the files of the catalogue that a name stands for: a set, or one file.
func FilesOf(name string) ([]Dataset, error) {
	var of []Dataset
	for _, d := range Catalogue() {
		if d.Name == name || strings.HasPrefix(d.Name, name+"/") {
			of = append(of, d)
		}
	}
	if len(of) == 0 {
		return nil, fmt.Errorf("data set %q: not in the catalogue: see theriac list data", name)
	}
	return of, nil
}

// Lookup finds a file of the catalogue by name; a set with one file also goes by
// the set's name.
func Lookup(name string) (Dataset, error) {
	of, err := FilesOf(name)
	if err != nil {
		return Dataset{}, err
	}
	if len(of) > 1 {
		names := make([]string, len(of))
		for i, d := range of {
			names[i] = d.Name
		}
		return Dataset{}, fmt.Errorf("data set %q: found %d files, wanted one of %s", name, len(of), strings.Join(names, ", "))
	}
	return of[0], nil
}

// ErrNoDataDir says that nobody named a data directory.
var ErrNoDataDir = errors.New("no data directory: set --data-dir or THERIAC_DATA")

// Locate returns the path of a catalogued file in a data directory: at set/path,
// or flat by its base name. The file's digest is checked.
func Locate(dataDir, name string) (string, error) {
	d, err := Lookup(name)
	if err != nil {
		return "", err
	}
	if dataDir == "" {
		return "", fmt.Errorf("data set %s: %w", d.Name, ErrNoDataDir)
	}
	at := filepath.Join(dataDir, filepath.FromSlash(d.Name))
	err = d.Verify(at)
	if !errors.Is(err, fs.ErrNotExist) {
		return at, err
	}
	flat := filepath.Join(dataDir, path.Base(d.Name))
	if d.Verify(flat) == nil {
		return flat, nil
	}
	return "", fmt.Errorf("data set %s: not in %s: theriac pull data:%s, or put %s there", d.Name, dataDir, d.Name, d.URL)
}

// Verify checks that the file at path holds exactly the catalogued bytes.
func (d Dataset) Verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	return d.matches(path, n, hex.EncodeToString(h.Sum(nil)))
}

func (d Dataset) matches(where string, bytes int64, sha string) error {
	if bytes != d.Bytes || sha != d.SHA256 {
		return fmt.Errorf("%s: found %d bytes with sha256 %s, wanted %d with %s: not the catalogued %s", where, bytes, sha, d.Bytes, d.SHA256, d.Name)
	}
	return nil
}
