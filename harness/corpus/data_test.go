package corpus

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"theriac/harness/needs"
)

// Every catalogued file has the rows that the catalogue says, and rewriting a
// training file without a change is the identity.
func TestPublicData(t *testing.T) {
	dir := needs.Data(t)
	tmp := t.TempDir()
	found := 0
	for _, d := range Catalogue() {
		path, err := Locate(dir, d.Name)
		if err != nil {
			if _, gone := os.Stat(filepath.Join(dir, d.Name)); errors.Is(gone, fs.ErrNotExist) {
				continue // a data directory need not hold every set
			}
			t.Error(err)
			continue
		}
		found++
		switch {
		case d.Rows == 0:
		case d.Shape == "":
			lines, err := Lines(path, d.Layout)
			if err != nil || len(lines) != d.Rows {
				t.Errorf("%s: got %d items, %v, want %d", d.Name, len(lines), err, d.Rows)
			}
		default:
			set, err := Load(path, Options{})
			if err != nil || len(set.Examples) != d.Rows || set.Shape != d.Shape || set.Digest != d.SHA256 {
				t.Errorf("%s: %v, want %d rows of shape %s", d.Name, err, d.Rows, d.Shape)
				continue
			}
			res, err := Rewrite(path, filepath.Join(tmp, "out.json"), Options{}, keep)
			if filepath.Ext(path) == ".jsonl" {
				res, err = Rewrite(path, filepath.Join(tmp, "out.jsonl"), Options{}, keep)
			}
			if err != nil || res.OutDigest != d.SHA256 {
				t.Errorf("%s: rewriting: %v", d.Name, err)
			}
		}
	}
	if found == 0 {
		t.Errorf("%s holds no catalogued file", dir)
	}
}
