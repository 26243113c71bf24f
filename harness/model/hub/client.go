package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// defaultEndpoint is the hub that HF_ENDPOINT replaces.
const defaultEndpoint = "https://huggingface.co"

// client speaks the hub's protocol (huggingface_hub, hf_api.py and file_download.py).
type client struct {
	endpoint *url.URL
	http     *http.Client
	tries    int           // attempts in a row that bring nothing
	pause    time.Duration // between attempts
	stall    time.Duration // a connection that brings nothing for so long is given up
}

func newClient() (*client, error) {
	raw := os.Getenv("HF_ENDPOINT")
	if raw == "" {
		raw = defaultEndpoint
	}
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("HF_ENDPOINT is %q: want http://HOST or https://HOST", raw)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = time.Minute
	return &client{
		endpoint: u, tries: 4, pause: 2 * time.Second, stall: time.Minute,
		http: &http.Client{Transport: &withToken{t, u, os.Getenv("HF_TOKEN")}},
	}, nil
}

// withToken adds the token to requests for the endpoint itself. It is the last hand before the network, so that no redirect can carry the token away.
type withToken struct {
	next     http.RoundTripper
	endpoint *url.URL
	token    string
}

func (w *withToken) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Authorization")
	if w.token != "" && req.URL.Scheme == w.endpoint.Scheme && req.URL.Host == w.endpoint.Host {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	req.Header.Set("User-Agent", "theriac")
	return w.next.RoundTrip(req)
}

// statusError is an answer that is no success.
type statusError struct {
	code int
	hub  string // the hub's own code, such as "GatedRepo"
}

func (e *statusError) Error() string {
	s := fmt.Sprintf("the hub answers %d %s", e.code, http.StatusText(e.code))
	if e.hub != "" {
		s += " (" + e.hub + ")"
	}
	return s
}

func status(resp *http.Response) error {
	return &statusError{resp.StatusCode, printable(resp.Header.Get("X-Error-Code"))}
}

var unprintable = regexp.MustCompile(`[^\x21-\x7e]+`)

func printable(s string) string {
	s = unprintable.ReplaceAllString(s, " ")
	return s[:min(len(s), 80)]
}

// refusal is an error that trying again does not cure.
type refusal struct{ error }

// passing says whether trying again may help.
func passing(err error) bool {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.code == http.StatusTooManyRequests || s.code == http.StatusRequestTimeout || s.code >= 500
	}
	_, final := errors.AsType[*refusal](err)
	return !final
}

// unreachable says whether no server answered at all.
func unreachable(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}

func (c *client) do(ctx context.Context, method, address string, header map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := c.http.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return nil, e.Err // without the address, which may be a signed one
	}
	return resp, err
}

// again repeats what fails in passing.
func (c *client) again(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == c.tries || !passing(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.pause):
		}
	}
}

// info is what the hub says of a revision.
type info struct {
	Commit string `json:"sha"`
	Files  []struct {
		Name string `json:"rfilename"`
	} `json:"siblings"`
}

const maxInfo = 64 << 20 // bytes

func (c *client) info(ctx context.Context, r repo) (*info, error) {
	var out info
	err := c.again(ctx, func() error {
		resp, err := c.do(ctx, http.MethodGet, c.address("api", "models", r.org, r.name, "revision", r.rev), nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return status(resp)
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, maxInfo)).Decode(&out); err != nil {
			return fmt.Errorf("the hub's answer is no JSON: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !commitHash.MatchString(out.Commit) {
		return nil, fmt.Errorf("the hub's answer has %q for a commit; is HF_ENDPOINT a hub?", printable(out.Commit))
	}
	return &out, nil
}

// address joins path elements to the endpoint; a slash inside one is escaped.
func (c *client) address(parts ...string) string {
	out := c.endpoint.String()
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// file is what the hub says of one file at one commit.
type file struct {
	name, url string
	etag      string // the blob's name in the cache
	size      int64  // -1: not said
	sha256    string // "": not said
}

var (
	etagName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$`)
	digest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// head asks for a file's size and digest. Redirects are followed within the host only: the headers that count are the hub's.
func (c *client) head(ctx context.Context, r repo, commit, name string) (*file, error) {
	f := &file{name: name, url: c.address(r.org, r.name, "resolve", commit, name)}
	err := c.again(ctx, func() error {
		resp, err := c.headHere(ctx, f.url)
		if err != nil {
			return err
		}
		if resp.StatusCode >= 400 {
			return status(resp)
		}
		if got := resp.Header.Get("X-Repo-Commit"); got != "" && got != commit {
			return &refusal{fmt.Errorf("the hub answers with commit %s, asked for %s", printable(got), commit)}
		}
		return f.read(resp)
	})
	return f, err
}

func (c *client) headHere(ctx context.Context, address string) (*http.Response, error) {
	once := *c.http
	once.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != c.endpoint.Host || len(via) > 5 || req.Response.Header.Get("X-Linked-Etag") != "" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	here := *c
	here.http = &once
	resp, err := here.do(ctx, http.MethodHead, address, nil)
	if err != nil {
		return nil, err
	}
	return resp, resp.Body.Close()
}

func (f *file) read(resp *http.Response) error {
	tag, size := resp.Header.Get("X-Linked-Etag"), resp.Header.Get("X-Linked-Size")
	if tag == "" {
		tag = resp.Header.Get("ETag")
	}
	if size == "" && resp.StatusCode == http.StatusOK {
		size = resp.Header.Get("Content-Length")
	}
	f.etag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	if !etagName.MatchString(f.etag) {
		return &refusal{fmt.Errorf("%s: the hub gives the ETag %q; is HF_ENDPOINT a hub?", f.name, printable(tag))}
	}
	if digest.MatchString(f.etag) {
		f.sha256 = f.etag
	}
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 {
		n = -1
	}
	f.size = n
	return nil
}
