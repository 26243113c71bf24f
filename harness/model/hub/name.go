package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Resolve finds a model on this machine and gives its directory or .gguf file, as model.Open takes it. It uses no network; the
// error for a model that is not here names the command that fetches it.
func Resolve(name string) (path string, err error) {
	if name == "smollm2" {
		return smolLM2().find()
	}
	if strings.HasPrefix(name, "hf:") {
		r, err := parseRepo(name)
		if err != nil {
			return "", err
		}
		c, err := openCache()
		if err != nil {
			return "", err
		}
		return c.find(r)
	}
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("model %q: no such directory or file; other names are smollm2 and hf:ORG/NAME", name)
	case err != nil:
		return "", err
	case !st.IsDir() && !strings.HasSuffix(name, ".gguf"):
		return "", fmt.Errorf("model %q: want a model directory or a .gguf file", name)
	}
	return name, nil
}

// repo is a model on a hub.
type repo struct {
	org, name, rev string
}

var (
	repoPart = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}$`)
	revision = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$`)
)

func parseRepo(name string) (repo, error) {
	id, rev, given := strings.Cut(strings.TrimPrefix(name, "hf:"), "@")
	org, short, _ := strings.Cut(id, "/")
	if !given {
		rev = "main"
	}
	bad := func(s string) bool { return strings.Contains(s, "..") || strings.Contains(s, "--") }
	if !repoPart.MatchString(org) || !repoPart.MatchString(short) || bad(org) || bad(short) {
		return repo{}, fmt.Errorf("model %q: want hf:ORG/NAME or hf:ORG/NAME@REVISION", name)
	}
	if !revision.MatchString(rev) || strings.Contains(rev, "..") || strings.Contains(rev, "//") || strings.HasSuffix(rev, "/") {
		return repo{}, fmt.Errorf("model %q: %q is no revision; want a branch, a tag or a commit", name, rev)
	}
	return repo{org, short, rev}, nil
}

// String is the name as the user writes it.
func (r repo) String() string {
	if r.rev == "main" {
		return "hf:" + r.org + "/" + r.name
	}
	return "hf:" + r.org + "/" + r.name + "@" + r.rev
}

// home expands a leading ~ as huggingface_hub does.
func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		if h, err := os.UserHomeDir(); err == nil {
			return filepath.Join(h, rest)
		}
	}
	return path
}
