package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// maxUnknown bounds a file whose size the hub does not say.
const maxUnknown = 256 << 20

// download brings a file into the cache's blobs, resuming what an earlier attempt left.
func (c *client) download(ctx context.Context, at cache, r repo, f *file, progress func(done int64)) error {
	blob := at.path(r, "blobs", f.etag)
	for _, dir := range []string{filepath.Dir(blob), filepath.Dir(at.lock(r, f.etag))} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	lock := flock.New(at.lock(r, f.etag), flock.SetPermissions(0o666))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("%s: waiting for another download: %w", f.name, err)
	}
	defer lock.Unlock()
	if st, err := os.Stat(blob); err == nil && (f.size < 0 || st.Size() == f.size) {
		progress(st.Size())
		return nil
	}
	part := blob + ".incomplete"
	if err := c.fill(ctx, f, part, progress); err != nil {
		return err
	}
	if err := f.verify(part); err != nil {
		os.Remove(part) // what is wrong cannot be resumed
		return err
	}
	return os.Rename(part, blob)
}

// fill downloads what part lacks; attempts that bring nothing are limited.
func (c *client) fill(ctx context.Context, f *file, part string, progress func(int64)) error {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for idle, most := 0, have; ; {
		progress(have)
		if f.size >= 0 && have == f.size {
			return out.Close()
		}
		done := false
		done, have, err = c.fetch(ctx, f, out, have, progress)
		var disk *fs.PathError
		switch {
		case err == nil && done:
			return out.Close()
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (!passing(err) || errors.As(err, &disk)):
			return err
		case have > most:
			idle, most = 0, have
		default:
			if idle++; idle == c.tries {
				if err == nil {
					err = errors.New("the connection ends early")
				}
				return fmt.Errorf("%s: stopped at %d of %d bytes: %w; run the same command again to resume", f.name, have, f.size, err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.pause):
		}
	}
}

// fetch makes one request for the bytes from have on and appends them. done: the server has sent all it has.
func (c *client) fetch(ctx context.Context, f *file, out *os.File, have int64, progress func(int64)) (done bool, now int64, err error) {
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header := map[string]string{}
	if have > 0 {
		header["Range"] = fmt.Sprintf("bytes=%d-", have)
	}
	resp, err := c.do(ctx, http.MethodGet, f.url, header)
	if err != nil {
		return false, have, err
	}
	defer resp.Body.Close()
	resumed := resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have))
	switch {
	case resumed:
	case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		have = 0 // from the start
		if err := out.Truncate(0); err != nil {
			return false, have, err
		}
		if resp.StatusCode != http.StatusOK {
			return false, have, fmt.Errorf("the server cannot resume at byte %d", have)
		}
	default:
		return false, have, status(resp)
	}
	if _, err := out.Seek(have, io.SeekStart); err != nil {
		return false, have, err
	}
	limit := f.size
	if limit < 0 {
		limit = maxUnknown
	}
	watch := time.AfterFunc(c.stall, cancel)
	defer watch.Stop()
	buf := make([]byte, 1<<18)
	for {
		n, readErr := resp.Body.Read(buf)
		watch.Reset(c.stall)
		if n > 0 {
			if have+int64(n) > limit {
				return false, have, &refusal{fmt.Errorf("%s: more than the %d bytes that the hub announced", f.name, limit)}
			}
			if _, err := out.Write(buf[:n]); err != nil {
				return false, have, err
			}
			have += int64(n)
			progress(have)
		}
		switch {
		case readErr == io.EOF:
			return f.size < 0 || have == f.size, have, nil
		case readErr != nil && ctx.Err() != nil && whole.Err() == nil:
			return false, have, fmt.Errorf("nothing has come for %v", c.stall)
		case readErr != nil:
			return false, have, readErr
		}
	}
}

// verify holds a downloaded file against what the hub said of it.
func (f *file) verify(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	h := sha256.New()
	n, err := io.Copy(h, in)
	if err != nil {
		return err
	}
	if f.size >= 0 && n != f.size {
		return fmt.Errorf("%s: %d bytes arrived, the hub said %d; pull it again", f.name, n, f.size)
	}
	if got := hex.EncodeToString(h.Sum(nil)); f.sha256 != "" && got != f.sha256 {
		return fmt.Errorf("%s: its sha256 is %s, the hub says %s: damaged on the way or not what it claims to be; it was thrown away, pull it again", f.name, got, f.sha256)
	}
	return nil
}
