package hub

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/harness/model"
)

// pull is Pull with short pauses.
func pull(t *testing.T, name string, o Options) (string, error) {
	t.Helper()
	r, err := parseRepo(name)
	if err != nil {
		t.Fatal(err)
	}
	at, err := openCache()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newClient()
	if err != nil {
		t.Fatal(err)
	}
	c.pause, c.tries = time.Millisecond, 2
	return c.pull(t.Context(), at, r, o)
}

func TestPull(t *testing.T) {
	for _, shards := range []int{0, 3} {
		f := newFake(t, repository(t, shards))
		if _, err := Resolve("hf:org/net"); err == nil || !strings.Contains(err.Error(), "theriac pull hf:org/net") {
			t.Errorf("before: %v", err)
		}
		last := map[string]int64{}
		dir, err := Pull(t.Context(), "hf:org/net", Options{Progress: func(file string, done, total int64) {
			if done < last[file] || done > total {
				t.Errorf("progress of %s: %d after %d, of %d", file, done, last[file], total)
			}
			last[file] = done
		}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err != nil {
			t.Error(err)
		}
		m.Close()
		entries, _ := os.ReadDir(dir)
		if want := len(f.files) - 5; len(entries) != want || len(last) != want { // 5 that nobody needs
			t.Errorf("%d files, %d reported, want %d", len(entries), len(last), want)
		}
		for _, e := range entries {
			target, err := os.Readlink(filepath.Join(dir, e.Name()))
			if err != nil || !strings.HasPrefix(target, "../../blobs/") {
				t.Errorf("%s links to %q, %v", e.Name(), target, err)
			}
			if last[e.Name()] != int64(len(f.files[e.Name()])) {
				t.Errorf("%s: %d bytes reported", e.Name(), last[e.Name()])
			}
		}
		cache := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--net")
		if ref, _ := os.ReadFile(filepath.Join(cache, "refs", "main")); string(ref) != commit {
			t.Errorf("refs/main is %q", ref)
		}
		if dir != filepath.Join(cache, "snapshots", commit) {
			t.Errorf("the model is at %s", dir)
		}
		if left, _ := filepath.Glob(filepath.Join(cache, "blobs", "*.incomplete")); len(left) > 0 {
			t.Errorf("left: %v", left)
		}

		// The second time nothing is fetched again; with the hub gone, or forbidden, the cache serves.
		before := len(f.requests("store"))
		if again, err := pull(t, "hf:org/net", Options{}); err != nil || again != dir || len(f.requests("store")) != before {
			t.Errorf("again: %s, %v, %d requests", again, err, len(f.requests("store"))-before)
		}
		f.hub.Close()
		for _, name := range []string{"hf:org/net", "hf:org/net@" + commit} {
			if again, err := pull(t, name, Options{}); err != nil || again != dir {
				t.Errorf("%s without the hub: %s, %v", name, again, err)
			}
			if again, err := Resolve(name); err != nil || again != dir {
				t.Errorf("Resolve(%s): %s, %v", name, again, err)
			}
		}
		if _, err := pull(t, "hf:org/net@other", Options{}); err == nil || !strings.Contains(err.Error(), "HF_ENDPOINT") {
			t.Errorf("another revision without the hub: %v", err)
		}
		t.Setenv("HF_HUB_OFFLINE", "1")
		if again, err := pull(t, "hf:org/net", Options{}); err != nil || again != dir {
			t.Errorf("offline: %s, %v", again, err)
		}
		if _, err := pull(t, "hf:org/other", Options{}); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") {
			t.Errorf("offline, another model: %v", err)
		}
	}
}

func TestPullRevisionWithSlash(t *testing.T) {
	newFake(t, repository(t, 0))
	dir, err := pull(t, "hf:org/net@refs/pr/1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Resolve("hf:org/net@refs/pr/1"); err != nil || again != dir {
		t.Errorf("%s, %v", again, err)
	}
}

// A connection that breaks is taken up where it stopped, in the same call and in a later one.
func TestPullResumes(t *testing.T) {
	f := newFake(t, repository(t, 0))
	f.cut["model.safetensors"] = 300
	dir, err := pull(t, "hf:org/net", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.requests("store"); !slices.Equal(got, []string{"store ", "store bytes=300-"}) {
		t.Errorf("requests %q", got)
	}
	open(t, dir)

	// A process that was killed: only the incomplete file is left.
	blobs, _ := filepath.Glob(filepath.Join(dir, "..", "..", "blobs", "*"))
	for _, b := range blobs {
		if st, _ := os.Stat(b); st.Size() == int64(len(f.files["model.safetensors"])) {
			if err := os.Rename(b, b+".incomplete"); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(b+".incomplete", 500); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Resolve("hf:org/net"); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("half a model: %v", err)
	}
	if dir, err = pull(t, "hf:org/net", Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.requests("store"); got[len(got)-1] != "store bytes=500-" || len(got) != 3 {
		t.Errorf("requests %q", got)
	}
	open(t, dir)
}

// A server without ranges is asked from the start.
func TestPullWithoutRanges(t *testing.T) {
	f := newFake(t, repository(t, 0))
	f.cut["model.safetensors"], f.noRanges = 300, true
	dir, err := pull(t, "hf:org/net", Options{})
	if err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func open(t *testing.T, dir string) {
	t.Helper()
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestPullRefuses(t *testing.T) {
	broken := func(change func(*fake)) func(*testing.T) error {
		return func(t *testing.T) error {
			f := newFake(t, repository(t, 0))
			change(f)
			_, err := pull(t, "hf:org/net", Options{})
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("HF_HOME"), "hub", "models--org--net", "refs", "*")); len(left) > 0 {
				t.Errorf("%v was written", left)
			}
			if _, err := Resolve("hf:org/net"); err == nil {
				t.Error("what was refused is found")
			}
			return err
		}
	}
	for name, test := range map[string]struct {
		do   func(*testing.T) error
		want string
	}{
		"wrong digest":           {broken(func(f *fake) { f.lie["model.safetensors"] = strings.Repeat("ab", 32) }), "the hub says abab"},
		"no token":               {broken(func(f *fake) { f.token = "secret" }), "401 Unauthorized (GatedRepo): it is private, gated or does not exist; set HF_TOKEN"},
		"no model":               {broken(func(f *fake) { delete(f.files, "config.json") }), "no config.json"},
		"no safetensors":         {broken(func(f *fake) { delete(f.files, "model.safetensors") }), "convert the model to safetensors"},
		"another kind":           {broken(func(f *fake) { f.files["config.json"] = []byte(`{"model_type":"gpt2"}`) }), "want llama, mistral, qwen2 or qwen3"},
		"an ETag that is a path": {broken(func(f *fake) { f.lie["model.safetensors"] = "../../x" }), "gives the ETag"},
		"an index that lies":     {broken(func(f *fake) { f.files[indexFile] = []byte(`{"weight_map":{"a":"../x.safetensors"}}`) }), "want a .safetensors file beside it"},
		"an index of nothing":    {broken(func(f *fake) { f.files[indexFile] = []byte(`{"weight_map":{"a":"x.safetensors"}}`) }), "which the repository does not have"},
		"never the whole":        {broken(func(f *fake) { f.store.Close() }), "run the same command again to resume"},
		"another repository": {func(t *testing.T) error {
			newFake(t, nil)
			_, err := pull(t, "hf:org/nothing", Options{})
			return err
		}, "404 Not Found (RepoNotFound): no such model or revision"},
		"no hub": {func(t *testing.T) error {
			t.Setenv("HF_ENDPOINT", "ftp://x")
			_, err := Pull(t.Context(), "hf:org/net", Options{})
			return err
		}, "want http://HOST or https://HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.do(t)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "signature") {
				t.Errorf("the error is no clean line: %v", err)
			}
		})
	}
}

// More bytes than announced end the download; nothing is kept.
func TestPullRefusesAFlood(t *testing.T) {
	f := newFake(t, repository(t, 0))
	c, err := newClient()
	if err != nil {
		t.Fatal(err)
	}
	c.pause, c.tries = time.Millisecond, 2
	part := filepath.Join(t.TempDir(), "part")
	err = c.fill(t.Context(), &file{name: "x", url: f.store.URL + "/model.safetensors", size: 100}, part, func(int64) {})
	if err == nil || !strings.Contains(err.Error(), "more than the 100 bytes") {
		t.Errorf("error %v", err)
	}
}

// The token goes to the hub and not where the hub redirects.
func TestTokenStaysHome(t *testing.T) {
	f := newFake(t, repository(t, 2))
	f.token = "secret"
	t.Setenv("HF_TOKEN", "secret")
	dir, err := pull(t, "hf:org/net", Options{})
	if err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if len(f.leaked) > 0 || len(f.requests("store")) != 2 {
		t.Errorf("the store saw %q in %d requests", f.leaked, len(f.requests("store")))
	}
	t.Setenv("HF_TOKEN", "wrong")
	if _, err := pull(t, "hf:org/net", Options{}); err == nil || !strings.Contains(err.Error(), "accept its terms") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong token: %v", err)
	}
}

// A connection that goes silent is given up.
func TestPullStalls(t *testing.T) {
	f := newFake(t, map[string][]byte{"x": make([]byte, 100)})
	c, err := newClient()
	if err != nil {
		t.Fatal(err)
	}
	c.pause, c.tries, c.stall = time.Millisecond, 2, 30*time.Millisecond
	silent := silentServer(t, 40)
	err = c.fill(t.Context(), &file{name: "x", url: silent, size: 100}, filepath.Join(t.TempDir(), "part"), func(int64) {})
	if err == nil || !strings.Contains(err.Error(), "nothing has come for") {
		t.Errorf("error %v", err)
	}
	_ = f
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"hf:org/net": "hf:org/net", "hf:org/net@main": "hf:org/net", "hf:a.b/c_d-1@refs/pr/2": "hf:a.b/c_d-1@refs/pr/2",
	} {
		if r, err := parseRepo(name); err != nil || r.String() != want {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	for _, name := range []string{"hf:", "hf:net", "hf:../x", "hf:a/..", "hf:a--b/c", "hf:a/b/c", "hf:a/b@", "hf:a/b@../x", "hf:a/b@x//y", "hf:/b", "hf:a/b?c", "hf:a/b@x y", "nowhere", "hub.go"} {
		if at, err := Resolve(name); err == nil {
			t.Errorf("%s: %s", name, at)
		}
	}
	dir := t.TempDir()
	if at, err := Resolve(dir); err != nil || at != dir {
		t.Errorf("a directory: %s, %v", at, err)
	}
}

func TestCacheDirectory(t *testing.T) {
	for _, k := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(k, "")
	}
	t.Setenv("HOME", "/h")
	for _, step := range []struct{ key, value, want string }{
		{"HOME", "/h", "/h/.cache/huggingface/hub"}, {"XDG_CACHE_HOME", "/x", "/x/huggingface/hub"}, {"HF_HOME", "~/f", "/h/f/hub"},
		{"HUGGINGFACE_HUB_CACHE", "/o", "/o"}, {"HF_HUB_CACHE", "/n", "/n"},
	} {
		t.Setenv(step.key, step.value)
		if c, err := openCache(); err != nil || c.dir != step.want {
			t.Errorf("%s=%s: %s, %v, want %s", step.key, step.value, c.dir, err, step.want)
		}
	}
}

// Whatever the bytes: names of weight files beside the index, or an error.
func FuzzShards(f *testing.F) {
	f.Add([]byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := shardsOf(data)
		if err != nil {
			return
		}
		for _, n := range names {
			if filepath.Join("dir", n) != "dir/"+n || !strings.HasSuffix(n, ".safetensors") {
				t.Fatalf("%q lies elsewhere", n)
			}
		}
	})
}

// Whatever the name: a folder of the cache's own, or an error.
func FuzzName(f *testing.F) {
	for _, s := range []string{"hf:org/net", "hf:org/net@main", "hf:a.b/c_d@refs/pr/1", "hf:../x@.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRepo(s)
		if err != nil {
			return
		}
		c := cache{"/cache"}
		for _, p := range []string{c.path(r, "refs", r.rev), c.lock(r, "tag")} {
			if !strings.HasPrefix(p, "/cache/") || !strings.Contains(p, "/models--") {
				t.Fatalf("%q leads to %s", s, p)
			}
		}
		if again, err := parseRepo(r.String()); err != nil || again != r {
			t.Fatalf("%q became %v, then %v (%v)", s, r, again, err)
		}
	})
}
