package lab

// A script's inputs: files below the data directory, named in keys by the digest of their content.

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/sweep"
)

// Data is a file of training rows.
type Data struct {
	Name string // below the data directory
	set  *corpus.Set
}

// Data reads a file of training rows, in any shape and format that theriac knows, from the data directory (--data-dir, or THERIAC_DATA).
func (l *Lab) Data(name string) *Data {
	set, err := corpus.Load(l.path(name), corpus.Options{})
	if err != nil {
		stop("%v", err)
	}
	return &Data{name, set}
}

// Len is the number of rows.
func (d *Data) Len() int { return len(d.set.Examples) }

// Row is the i-th row, from 0.
func (d *Data) Row(i int) Row { return row(&d.set.Examples[i], 0) }

// Lines reads the texts of a file in the data directory: its lines, or the text column of a table, or a JSON list. An attack's parameter
// takes a file of lines as "file:NAME".
func (l *Lab) Lines(name string) []string {
	lines, err := corpus.Lines(l.path(name), corpus.Layout{})
	if err != nil {
		stop("%v", err)
	}
	return lines
}

func (l *Lab) path(name string) string {
	switch {
	case !filepath.IsLocal(filepath.FromSlash(name)):
		stop("file %q: want a path below the data directory", name)
	case l.env.DataDir == "":
		stop("file %q: there is no data directory; name it with --data-dir, or set THERIAC_DATA", name)
	}
	return filepath.Join(l.env.DataDir, filepath.FromSlash(name))
}

// files reads the files that an attack's parameters name.
func (l *Lab) files(params Params) map[string]sweep.File {
	var out map[string]sweep.File
	for _, path := range attack.Files(params) {
		if out == nil {
			out = map[string]sweep.File{}
		}
		lines := l.Lines(path)
		out[path] = sweep.File{Digest: digestLines(lines), Lines: lines}
	}
	return out
}

func digestLines(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// provide hands a data set to the bench where it is a file, and completes the description with the digest of its evaluation files.
func (l *Lab) provide(d *sweep.Data, data *Data) {
	if data != nil {
		d.Name = data.Name
	}
	if sweep.Known(d.Name) {
		return
	}
	if data == nil {
		if l.data[d.Name] == nil {
			l.data[d.Name] = l.Data(d.Name)
		}
		data = l.data[d.Name]
	}
	items := func(name string) []string {
		if name == "" {
			return nil
		}
		return l.Lines(name)
	}
	restricted, lookAlike := items(d.RestrictedFrom), items(d.LookAlikeFrom)
	if restricted != nil || lookAlike != nil {
		d.Items = digestLines(append(append(restricted, ""), lookAlike...))[:16]
	}
	l.open().Provide(d.Name, sweep.Rows(data.set.Digest, data.set.Examples, restricted, lookAlike))
}
