package corpus

// Downloading a catalogued file: whole, with the right digest, or not at all.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Fetch downloads a catalogued file to set/path below dir, checks its digest and
// returns its path. The licence is printed to log first. A file that is already
// there is not fetched again.
func Fetch(ctx context.Context, name, dir string, log io.Writer) (string, error) {
	d, err := Lookup(name)
	if err != nil {
		return "", err
	}
	return d.fetch(ctx, d.URL, dir, log)
}

func (d Dataset) fetch(ctx context.Context, url, dir string, log io.Writer) (string, error) {
	to := filepath.Join(dir, filepath.FromSlash(d.Name))
	if d.Verify(to) == nil {
		return to, nil
	}
	fmt.Fprintf(log, "%s: %d bytes from %s\nlicence: %s\n", d.Name, d.Bytes, url, d.Licence)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s: cannot download: %w: fetch the address by other means and put the file at %s", d.Name, err, to)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: found the answer %q from %s, wanted 200", d.Name, resp.Status, url)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", err
	}
	f, err := renameio.NewPendingFile(to, renameio.WithPermissions(0o644))
	if err != nil {
		return "", err
	}
	defer f.Cleanup()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(resp.Body, d.Bytes+1))
	if err != nil {
		return "", fmt.Errorf("%s: download broke off after %d of %d bytes: %w", d.Name, n, d.Bytes, err)
	}
	if err := d.matches(url, n, hex.EncodeToString(h.Sum(nil))); err != nil {
		return "", err
	}
	return to, f.CloseAtomicallyReplace()
}
