package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"theriac/harness/compute"
	"theriac/harness/sweep"
)

// Output is one thing that a script shows.
type Output struct {
	Kind     string `json:"kind"` // "markdown", "text", "table", "figure", "progress", "exported", "error"
	Text     string `json:"text,omitempty"`
	Markdown string `json:"markdown,omitempty"` // of a table
	Name     string `json:"name,omitempty"`     // of a figure
	SVG      string `json:"svg,omitempty"`

	Progress *Progress   `json:"progress,omitempty"`
	Plan     *sweep.Plan `json:"plan,omitempty"`
}

// Host is where a script's output goes.
type Host interface{ Show(Output) }

// Environment says how a session is set up; `theriac run` sets it, and `go run` reads it from the environment.
type Environment struct {
	Root          string // where experiments/ and its profiles are
	Out           string // where results/ go; "": Root
	Profile       string
	DataDir       string
	Cache         string // of trained adapters; "": the user's cache directory
	Threads       int
	Device        string // a class of compute/machine; "": cpu
	Quiet         bool
	Shard, Shards int
	RetryFailed   bool
	Plan          bool    // sweeps say what they would do, and do nothing
	Export        *Export // write one run for another implementation, and do nothing
	Memory        int64   // most bytes for runs that go on at once; 0: what the machine has
	// FirstSeed and SeedCount, where SeedCount is not 0, stand in for every pool of the profile's evaluation seeds.
	FirstSeed, SeedCount int
	Only                 map[string]bool // run IDs: where it is not nil, a sweep that misses another run stops
	Script               string          // the name of the script's directory, where it is known: what Start wants
	Host                 Host            `json:"-"`
}

// Export names a run of the script's, and the new directory to write it to.
type Export struct {
	Arm  string
	Seed int
	To   string
}

// ResultsName is the directory below results/ and figures/ for a profile's results on a class of device: other bits than the
// CPU's never lie with them, so that no table or report mixes them.
func ResultsName(profile, class string) string {
	if bits := compute.Bits(class); bits != "cpu" && bits != "" {
		return profile + "-" + bits
	}
	return profile
}

// ProfileFlag is what a command needs to be about a profile: nothing for the one that it is about anyway.
func ProfileFlag(profile string) string {
	if profile == "demo" {
		return ""
	}
	return " --profile " + profile
}

// EnvVar carries an Environment, as JSON, to a child process or to a script run by `go run`.
const EnvVar = "THERIAC_LAB"

func environment() (Environment, error) {
	env := Environment{Root: ".", Profile: "demo", DataDir: os.Getenv("THERIAC_DATA"), Host: &terminal{out: os.Stdout, err: os.Stderr}}
	if text := os.Getenv(EnvVar); text != "" {
		var e struct {
			Environment
			JSON bool
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return env, fmt.Errorf("%s: %w", EnvVar, err)
		}
		host := env.Host
		if e.JSON {
			host = NewJSONHost(os.Stdout)
		}
		env, env.Host = e.Environment, host
	}
	if childHost != nil {
		env.Host = childHost
	}
	if env.Out == "" {
		env.Out = env.Root
	}
	if env.Device == "" {
		env.Device = "cpu"
	}
	if env.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return env, fmt.Errorf("no cache directory: %w; set XDG_CACHE_HOME", err)
		}
		env.Cache = dir + "/theriac"
	}
	return env, nil
}

// terminal shows output as text, and how things go at most every two seconds.
type terminal struct {
	out, err io.Writer
	last     time.Time
}

func (t *terminal) Show(o Output) {
	switch o.Kind {
	case "progress":
		if o.Progress != nil && o.Progress.Reason != "" || time.Since(t.last) > 2*time.Second {
			t.last = time.Now()
			fmt.Fprintln(t.err, o.Text)
		}
	case "figure":
		fmt.Fprintf(t.out, "[figure %s] %s\n\n", o.Name, o.Text)
	default:
		fmt.Fprintln(t.out, o.Text)
	}
}

// NewJSONHost writes each output as a line of JSON.
func NewJSONHost(w io.Writer) Host { return &jsonHost{enc: json.NewEncoder(w)} }

type jsonHost struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (h *jsonHost) Show(o Output) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enc.Encode(o)
}

// childHost, where it is set, is where this process's sessions show their output.
var childHost Host

// SetHost sends the output of sessions to come to h. The notebook's child process calls it before the script runs.
func SetHost(h Host) { childHost = h }
