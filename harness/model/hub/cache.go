package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/google/renameio/v2"
)

// cache is huggingface_hub's cache directory.
type cache struct{ dir string }

func openCache() (cache, error) {
	for _, key := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if v := os.Getenv(key); v != "" {
			return cache{home(v)}, nil
		}
	}
	if v := os.Getenv("HF_HOME"); v != "" {
		return cache{filepath.Join(home(v), "hub")}, nil
	}
	if v := os.Getenv("XDG_CACHE_HOME"); v != "" {
		return cache{filepath.Join(home(v), "huggingface", "hub")}, nil
	}
	h, err := os.UserHomeDir()
	if err != nil {
		return cache{}, fmt.Errorf("no home directory for the model cache: %w; set HF_HOME", err)
	}
	return cache{filepath.Join(h, ".cache", "huggingface", "hub")}, nil
}

func (c cache) folder(r repo) string { return "models--" + r.org + "--" + r.name }

func (c cache) path(r repo, parts ...string) string {
	return filepath.Join(append([]string{c.dir, c.folder(r)}, parts...)...)
}

func (c cache) lock(r repo, etag string) string {
	return filepath.Join(c.dir, ".locks", c.folder(r), etag+".lock")
}

var commitHash = regexp.MustCompile(`^[0-9a-f]{40,64}$`)

// find gives the directory of a whole snapshot.
func (c cache) find(r repo) (string, error) {
	commit := r.rev
	if data, err := os.ReadFile(c.path(r, "refs", r.rev)); err == nil {
		commit = strings.TrimSpace(string(data))
	} else if !commitHash.MatchString(commit) {
		return "", fmt.Errorf("%s is not on this machine; fetch it with: theriac pull %s", r, r)
	}
	if !commitHash.MatchString(commit) {
		return "", fmt.Errorf("%s: the cache's refs/%s holds %q, no commit; fetch it again with: theriac pull %s", r, r.rev, commit, r)
	}
	dir := c.path(r, "snapshots", commit)
	if err := whole(dir); err != nil {
		return "", fmt.Errorf("%s is not whole on this machine (%v); fetch it with: theriac pull %s", r, err, r)
	}
	return dir, nil
}

// whole says whether a snapshot has a configuration and all its weights.
func whole(dir string) error {
	names := []string{"config.json"}
	index, err := os.ReadFile(filepath.Join(dir, indexFile))
	switch {
	case err == nil:
		shards, err := shardsOf(index)
		if err != nil {
			return err
		}
		names = append(names, shards...)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		weights, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
		for _, w := range weights {
			names = append(names, filepath.Base(w)) // a link may lead nowhere
		}
		if len(weights) == 0 {
			names = append(names, "model.safetensors")
		}
	}
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(dir, n)); err != nil {
			return fmt.Errorf("no %s", n)
		}
	}
	return nil
}

const indexFile = "model.safetensors.index.json"

// shardsOf lists the weight files that an index names, in order.
func shardsOf(index []byte) ([]string, error) {
	var f struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(index, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", indexFile, err)
	}
	seen := map[string]bool{}
	for _, s := range f.Map {
		if filepath.Base(s) != s || !strings.HasSuffix(s, ".safetensors") {
			return nil, fmt.Errorf("%s names %q: want a .safetensors file beside it", indexFile, s)
		}
		seen[s] = true
	}
	if len(seen) == 0 {
		return nil, fmt.Errorf("%s names no file", indexFile)
	}
	return sortedKeys(seen), nil
}

// link makes snapshots/COMMIT/NAME point at a blob.
func (c cache) link(r repo, commit, name, etag string) error {
	at := c.path(r, "snapshots", commit, name)
	target := filepath.Join("..", "..", "blobs", etag)
	if old, err := os.Readlink(at); err == nil && old == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	return renameio.Symlink(target, at)
}

// setRef makes a branch or tag name point at a commit.
func (c cache) setRef(r repo, commit string) error {
	if r.rev == commit {
		return nil
	}
	at := c.path(r, "refs", filepath.FromSlash(r.rev))
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(at, []byte(commit), 0o666)
}
