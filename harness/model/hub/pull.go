package hub

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/harness/model"
)

// Options of Pull.
type Options struct {
	// Progress, if set, hears how many bytes of a file are here; total is -1 where it is not known.
	Progress func(file string, done, total int64)
}

func (o *Options) report(file string, done, total int64) {
	if o.Progress != nil {
		o.Progress(file, done, total)
	}
}

// Pull brings a model to this machine, unless it is here already, and gives its path as Resolve does. An interrupted Pull of a hub model goes on
// where it stopped; digests that the hub states are checked. A branch or tag is looked up on the hub each time; if no hub
// answers, the snapshot in the cache serves.
func Pull(ctx context.Context, name string, o Options) (path string, err error) {
	switch {
	case name == "smollm2":
		return smolLM2().pull(ctx, o)
	case !strings.HasPrefix(name, "hf:"):
		return Resolve(name)
	}
	r, err := parseRepo(name)
	if err != nil {
		return "", err
	}
	at, err := openCache()
	if err != nil {
		return "", err
	}
	c, err := newClient()
	if err != nil {
		return "", err
	}
	return c.pull(ctx, at, r, o)
}

func offline() bool {
	for _, k := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		switch strings.ToUpper(os.Getenv(k)) {
		case "1", "ON", "YES", "TRUE":
			return true
		}
	}
	return false
}

func (c *client) pull(ctx context.Context, at cache, r repo, o Options) (string, error) {
	here, missing := at.find(r)
	if missing == nil && commitHash.MatchString(r.rev) {
		return here, nil // a commit does not change
	}
	if offline() {
		if missing != nil {
			return "", fmt.Errorf("%w, without HF_HUB_OFFLINE", missing)
		}
		return here, nil
	}
	about, err := c.info(ctx, r)
	if err != nil {
		if missing == nil && unreachable(err) {
			return here, nil
		}
		return "", c.explain(r, err)
	}
	var names []string
	for _, f := range about.Files {
		names = append(names, f.Name)
	}
	if err := c.files(ctx, at, r, about.Commit, names, o); err != nil {
		return "", c.explain(r, err)
	}
	if err := at.setRef(r, about.Commit); err != nil {
		return "", err
	}
	return at.find(r)
}

// files fetches what theriac reads: the small files, then the weights.
func (c *client) files(ctx context.Context, at cache, r repo, commit string, names []string, o Options) error {
	small, err := smallFiles(names)
	if err != nil {
		return err
	}
	for _, n := range small {
		if err := c.file(ctx, at, r, commit, n, o); err != nil {
			return err
		}
		if n == "config.json" { // before gigabytes come that nothing can use
			data, err := os.ReadFile(at.path(r, "snapshots", commit, n))
			if err != nil {
				return err
			}
			if _, err := model.ParseConfig(data); err != nil {
				return err
			}
		}
	}
	weights, err := weightFiles(names, at.path(r, "snapshots", commit))
	if err != nil {
		return err
	}
	for _, n := range weights {
		if err := c.file(ctx, at, r, commit, n, o); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) file(ctx context.Context, at cache, r repo, commit, name string, o Options) error {
	f, err := c.head(ctx, r, commit, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := c.download(ctx, at, r, f, func(done int64) { o.report(name, done, f.size) }); err != nil {
		return err
	}
	return at.link(r, commit, name, f.etag)
}

// smallFiles chooses from a repository's files: config.json first.
func smallFiles(names []string) ([]string, error) {
	if !slices.Contains(names, "config.json") {
		for _, n := range names {
			if strings.HasSuffix(n, ".gguf") {
				return nil, fmt.Errorf("no config.json, but %s: download that file by hand and name its path", printable(n))
			}
		}
		return nil, errors.New("no config.json: this is no model")
	}
	out := []string{"config.json"}
	for _, n := range slices.Sorted(slices.Values(names)) {
		known := n == "generation_config.json" || n == indexFile || n == "chat_template.jinja" || n == "chat_template.json" ||
			strings.HasPrefix(n, "tokenizer") && (strings.HasSuffix(n, ".json") || strings.HasSuffix(n, ".model"))
		if known && plain(n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// plain says whether a file lies in the repository's root and has a harmless name.
func plain(name string) bool {
	return repoPart.MatchString(name) && filepath.Base(name) == name
}

// weightFiles are what model.Open reads: the files of the index, or model.safetensors, or all safetensors files.
func weightFiles(names []string, snapshot string) ([]string, error) {
	if slices.Contains(names, indexFile) {
		data, err := os.ReadFile(filepath.Join(snapshot, indexFile))
		if err != nil {
			return nil, err
		}
		shards, err := shardsOf(data)
		if err != nil {
			return nil, err
		}
		for _, s := range shards {
			if !slices.Contains(names, s) || !plain(s) {
				return nil, fmt.Errorf("%s names %s, which the repository does not have", indexFile, printable(s))
			}
		}
		return shards, nil
	}
	if slices.Contains(names, "model.safetensors") {
		return []string{"model.safetensors"}, nil
	}
	var out []string
	for _, n := range slices.Sorted(slices.Values(names)) {
		if strings.HasSuffix(n, ".safetensors") && plain(n) {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no .safetensors file; theriac does not unpickle others: convert the model to safetensors")
	}
	return out, nil
}

// explain adds the model's name and the remedy.
func (c *client) explain(r repo, err error) error {
	token := "set HF_TOKEN to a token that may read it"
	if os.Getenv("HF_TOKEN") != "" {
		token = "accept its terms on its page, or set HF_TOKEN to a token that may read it"
	}
	s, ok := errors.AsType[*statusError](err)
	switch {
	case ok && (s.code == http.StatusUnauthorized || s.code == http.StatusForbidden):
		return fmt.Errorf("%s: %w: it is private, gated or does not exist; %s", r, err, token)
	case ok && s.code == http.StatusNotFound:
		return fmt.Errorf("%s: %w: no such model or revision; check the spelling, and HF_TOKEN if it is private", r, err)
	case unreachable(err):
		return fmt.Errorf("%s: no answer from %s: %w; check the network or set HF_ENDPOINT to a mirror", r, c.endpoint.Host, err)
	}
	return fmt.Errorf("%s: %w", r, err)
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
