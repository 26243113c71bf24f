package hub

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/harness/model"
	"theriac/harness/model/safetensors"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// fake is a hub and, on another port, the store that it redirects large files to.
type fake struct {
	hub, store *httptest.Server
	files      map[string][]byte
	token      string // if set, the hub wants it

	mu       sync.Mutex
	log      []string       // METHOD PATH, of the hub; "store RANGE" of the store
	leaked   []string       // Authorization headers that reached the store
	cut      map[string]int // bytes of a file that the store sends before it hangs up, once each
	lie      map[string]string
	noRanges bool
}

func newFake(t *testing.T, files map[string][]byte) *fake {
	t.Helper()
	f := &fake{files: files, cut: map[string]int{}, lie: map[string]string{}}
	f.hub = httptest.NewServer(http.HandlerFunc(f.serveHub))
	f.store = httptest.NewServer(http.HandlerFunc(f.serveStore))
	t.Cleanup(f.hub.Close)
	t.Cleanup(f.store.Close)
	t.Setenv("HF_ENDPOINT", f.hub.URL)
	t.Setenv("HF_HOME", t.TempDir())
	for _, k := range []string{"HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		t.Setenv(k, "")
	}
	return f
}

func large(name string) bool { return strings.HasSuffix(name, ".safetensors") }

func (f *fake) serveHub(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, r.Method+" "+r.URL.EscapedPath())
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	if r.URL.Path == "/api/models/org/net/revision/main" || r.URL.EscapedPath() == "/api/models/org/net/revision/refs%2Fpr%2F1" {
		var siblings []map[string]string
		for n := range f.files {
			siblings = append(siblings, map[string]string{"rfilename": n})
		}
		json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": siblings})
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/org/net/resolve/"+commit+"/")
	data, have := f.files[name]
	if !ok || !have {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	sum := sha256.Sum256(data)
	if !large(name) {
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sum[:20]))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	tag := hex.EncodeToString(sum[:])
	if l := f.lie[name]; l != "" {
		tag = l
	}
	w.Header().Set("X-Linked-Etag", `"`+tag+`"`)
	w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
	w.Header().Set("Location", f.store.URL+"/"+url.PathEscape(name)+"?signature=secret")
	w.WriteHeader(http.StatusFound)
}

func (f *fake) serveStore(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := r.Header.Get("Authorization"); a != "" {
		f.leaked = append(f.leaked, a)
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	f.log = append(f.log, "store "+r.Header.Get("Range"))
	data := f.files[name]
	if f.noRanges {
		r.Header.Del("Range")
	}
	w.Header().Set("ETag", `"store"`)
	if n, ok := f.cut[name]; ok {
		delete(f.cut, name)
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (f *fake) requests(prefix string) (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.log {
		if strings.HasPrefix(l, prefix) {
			out = append(out, l)
		}
	}
	return out
}

// repository is a small model's files, sharded or not, and files that nobody needs.
func repository(t *testing.T, shards int) map[string][]byte {
	t.Helper()
	c := model.Config{Arch: "llama", Hidden: 8, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, FFN: 8, Vocab: 7, MaxPos: 16, Eps: 1e-5, RopeTheta: 1e4, Tied: true, BOS: -1, EOS: -1}
	tensors := c.Tensors()
	for i := range tensors {
		n := 1
		for _, s := range tensors[i].Shape {
			n *= s
		}
		tensors[i].Data = make([]float32, n)
		for j := range tensors[i].Data {
			tensors[i].Data[j] = float32(i + j)
		}
	}
	m, err := model.FromTensors("net", c, tensors, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "net")
	if err := model.WriteMerged(dir, m, nil, "F32"); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"tokenizer.json": []byte(`{}`), "chat_template.jinja": []byte("x"), "README.md": []byte("no"), "pytorch_model.bin": []byte("no"),
		"onnx/model.safetensors": []byte("no"), "../../escape.safetensors": []byte("no"), "tokenizer_/../../x.json": []byte("no"),
	}
	for _, n := range []string{"config.json", "generation_config.json", "model.safetensors"} {
		if files[n], err = os.ReadFile(filepath.Join(dir, n)); err != nil {
			t.Fatal(err)
		}
	}
	if shards == 0 {
		return files
	}
	delete(files, "model.safetensors")
	where := map[string]string{}
	for k := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", k+1, shards)
		var part []safetensors.Tensor
		for i, s := range tensors {
			if i%shards == k {
				part, where[s.Name] = append(part, s), name
			}
		}
		var b bytes.Buffer
		if err := safetensors.Write(&b, part, nil, safetensors.F32); err != nil {
			t.Fatal(err)
		}
		files[name] = b.Bytes()
	}
	files[indexFile], _ = json.Marshal(map[string]any{"weight_map": where})
	return files
}

// silentServer sends a few bytes and then nothing.
func silentServer(t *testing.T, n int) string {
	t.Helper()
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write(make([]byte, n))
		w.(http.Flusher).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	return s.URL
}
