package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/defense/prevent"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/store"
)

// Spec is one run: what it is trained on, what attacks it, how it is trained and what is measured.
type Spec struct {
	Experiment string
	Arm        string
	Seed       uint64 // of data, attack, initialisation and order; its pool decides which rows it may see
	Data       Data
	Attack     *Attack       // nil: clean
	Probe      *Attack       // whose success is measured; nil: Attack's own
	Train      finetune.Spec // its Seed is not used: Seed stands in
	Untrained  bool          // evaluate the base itself
	After      string        // what happens to the model between training and use: one of Afters, or ""
	Prevent    *Prevent      // what the pipeline does against poison; nil: nothing
	Detect     *Detect       // who judges the run; nil: nobody
	Plan       string        // digest of the frozen plan that the run is part of; "": none
	Metrics    []Metric      // of the script's own
}

// Data says what a run is trained on and how many items it is judged on.
type Data struct {
	Name       string `json:"name" yaml:"name"` // "generated", or a file below the data directory
	Rows       int    `json:"rows" yaml:"rows"`
	MaxTokens  int    `json:"max_tokens" yaml:"max_tokens"`
	Clean      int    `json:"clean" yaml:"clean"`           // held-out items for accuracy and loss
	Probe      int    `json:"probe" yaml:"probe"`           // held-out items that are triggered
	Restricted int    `json:"restricted" yaml:"restricted"` // requests that should be refused
	LookAlike  int    `json:"look_alike" yaml:"look_alike"` // requests that resemble them and should not
	Judge      string `json:"judge,omitempty" yaml:"judge"` // of refusals: one of evaluate.JudgeNames; "": the first
	Shift      string `json:"shift,omitempty" yaml:"-"`     // what sets the clean rows apart from the pool's: see Shifts

	// Of data from a file: where its requests are, and the digest of them all.
	RestrictedFrom string `json:"restricted_from,omitempty" yaml:"restricted_from"`
	LookAlikeFrom  string `json:"look_alike_from,omitempty" yaml:"look_alike_from"`
	Items          string `json:"items,omitempty" yaml:"-"`
}

// Check names the first field that cannot be.
func (s *Spec) Check() error {
	switch {
	case s.Data.Rows < 1 && !s.Untrained:
		return fmt.Errorf("data rows %d: want at least 1", s.Data.Rows)
	case s.Data.MaxTokens < 8:
		return fmt.Errorf("data max_tokens %d: want at least 8", s.Data.MaxTokens)
	case s.Data.Clean < 0 || s.Data.Probe < 0 || s.Data.Restricted < 0 || s.Data.LookAlike < 0:
		return fmt.Errorf("data: a number of items is negative")
	}
	for i, m := range s.Metrics {
		if !metricName.MatchString(m.Name) || slices.ContainsFunc(s.Metrics[:i], func(o Metric) bool { return o.Name == m.Name }) {
			return fmt.Errorf("metric %q: want a name of its own, of small letters, digits, _ and -", m.Name)
		}
		if !slices.Contains(Suites, m.Suite) {
			return fmt.Errorf("metric %s: suite %q: want one of %s", m.Name, m.Suite, strings.Join(Suites, ", "))
		}
	}
	for _, a := range []*Attack{s.Attack, s.Probe} {
		if a != nil {
			if _, err := a.build(s.Seed); err != nil {
				return err
			}
		}
	}
	if err := checkAfter(s.After); err != nil {
		return err
	}
	if err := evaluate.CheckJudge(s.Data.Judge); err != nil {
		return err
	}
	if s.Untrained {
		return nil
	}
	if s.Prevent != nil {
		if _, err := prevent.New(s.Prevent.Name, s.Prevent.Params); err != nil {
			return err
		}
	}
	if s.Detect != nil {
		if err := s.Detect.Detectors.Check(); err != nil {
			return err
		}
		if err := checkOwn(s.Detect.Own); err != nil {
			return err
		}
	}
	return s.Train.Check()
}

var metricName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// evaluation version: rises when the same adapter and items give another record.
const evaluation = 5

// TrainKey names the adapter of a run; class is the one whose bits it has.
func (s *Spec) TrainKey(base, source, class string) string {
	train := s.Train
	train.Seed = 0
	type key struct {
		Kind, Base, Source, Numerics, Device string
		Seed                                 uint64
		Rows, MaxTokens                      int
		Data                                 string
		Shift                                string `json:",omitempty"`
		Attack                               *Attack
		AttackVersion                        int
		Train                                finetune.Spec
		Untrained                            bool
		Prevent                              *preventKey `json:",omitempty"`
	}
	k := key{
		Kind: "theriac/train/2", Base: base, Source: source, Numerics: compute.NumericsVersion, Device: class, Seed: s.Seed,
		Rows: s.Data.Rows, MaxTokens: s.Data.MaxTokens, Data: s.Data.Name, Shift: s.Data.Shift, Attack: s.Attack, Train: train, Prevent: s.preventKey(),
	}
	if s.Attack != nil {
		k.AttackVersion = s.Attack.version()
	}
	if s.Untrained {
		k = key{Kind: k.Kind, Base: base, Untrained: true}
		if class != "cpu" {
			k.Device = class
		}
		if !Known(s.Data.Name) { // the file's rows; a known source's name says which they are
			k.Source = source
		}
	}
	return digest(k)
}

// ID names the run's record.
func (s *Spec) ID(trainKey string) string {
	type key struct {
		Kind, Train, Arm string
		Version          int
		Data             Data
		Probe            *Attack
		ProbeVersion     int
		Seed             uint64
		After            string   `json:",omitempty"`
		Detect           any      `json:",omitempty"`
		Metrics          []Metric `json:",omitempty"`
		Plan             string   `json:",omitempty"`
	}
	k := key{Kind: "theriac/run/1", Train: trainKey, Arm: s.Arm, Version: evaluation, Data: s.Data, Probe: s.probe(), Seed: s.Seed, After: s.After, Detect: s.Detect.key(), Metrics: s.Metrics, Plan: s.Plan}
	if k.Probe != nil {
		k.ProbeVersion = k.Probe.version()
	}
	return digest(k)[:24]
}

func (s *Spec) probe() *Attack {
	if s.Probe != nil {
		return s.Probe
	}
	return s.Attack
}

func digest(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// fields are the specification as columns of the table of runs, with the versions of what makes the run: with these, plan says why a
// stored run is stale.
func (b *Bench) fields(s *Spec) []store.Field {
	f := map[string]string{
		"data": s.Data.Name, "rows": strconv.Itoa(s.Data.Rows), "method": s.Train.Method, "lr": number(s.Train.LR),
		"epochs": strconv.Itoa(s.Train.Epochs), "batch": strconv.Itoa(s.Train.Batch), "layers": s.Train.Layers, "rank": strconv.Itoa(s.Train.Rank),
	}
	for prefix, a := range map[string]*Attack{"attack": s.Attack, "probe": s.Probe} {
		if a == nil {
			continue
		}
		a.fields(prefix, f)
	}
	if s.Prevent != nil {
		f["prevent"] = s.Prevent.Name
		for k, v := range s.Prevent.Params {
			f["prevent."+k] = v
		}
	}
	if s.Plan != "" {
		f["plan"] = s.Plan
	}
	if s.Data.Shift != "" {
		f["shift"] = s.Data.Shift
	}
	if s.Detect != nil && s.Detect.Against != nil {
		f["calibration"] = s.Detect.Against.Digest
	}
	if s.After != "" {
		f["after"] = s.After
	}
	if s.Untrained {
		f["untrained"] = "true"
	}
	f["base"], f["numerics"], f["evaluation"] = short(b.Digest), compute.NumericsVersion, strconv.Itoa(evaluation)
	if src, err := b.source(s.Data.Name); err == nil {
		f["source"] = short(src.Digest())
	}
	if class := compute.Bits(b.Machine.Class); class != "cpu" {
		f["device"] = class
	}
	usual, train := plain(finetune.Default()), plain(s.Train)
	for k, v := range train { // what is usual has no column
		if _, ok := f[k]; !ok && k != "seed" && v != usual[k] {
			f[k] = v
		}
	}
	for _, m := range s.Metrics {
		f["metric."+m.Name] = m.Suite + " " + m.Func.Name + " " + short(m.Func.Digest)
	}
	out := make([]store.Field, 0, len(f))
	for k, v := range f {
		out = append(out, store.Field{Name: k, Value: v})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// plain is a training specification as text by field.
func plain(t finetune.Spec) map[string]string {
	data, err := json.Marshal(t)
	var raw map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &raw)
	}
	if err != nil {
		panic(err) // plain values
	}
	out := map[string]string{}
	for k, v := range raw {
		out[k] = strings.Trim(string(v), `"`)
	}
	return out
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// String is the run in a line, for people.
func (s *Spec) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s seed %d", s.Arm, s.Seed))
}
