package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"theriac/harness/defense"
	"theriac/harness/store"
)

// Detect is who looks at a run, and what their scores are held against.
type Detect struct {
	Detectors Detectors
	Own       []OwnDetector // the level Script
	Against   *Calibration  // nil: scores only
}

// at names the detectors of a level.
func (d *Detect) at(l defense.Level) []string {
	if l != Script {
		return d.Detectors[l]
	}
	var names []string
	for i := range d.Own {
		names = append(names, d.Own[i].Name)
	}
	return names
}

// Detectors are names by level. A level is judged by all of its detectors together.
type Detectors map[defense.Level][]string

// Levels are the levels in the order of the pipeline.
var Levels = []defense.Level{defense.Data, defense.Monitor, defense.Scan}

// Ensemble is the level of all levels' detectors together.
const Ensemble defense.Level = "ensemble"

// room is how a level's detectors are called.
type room struct {
	catalogue func() []defense.Entry
	// key names what the detectors see, so that another run that shows them the same need not ask again.
	key func(r *run) any
	// measure asks the named detectors.
	measure func(ctx context.Context, r *run, names []string) ([]defense.Result, error)
	// blind says why the level cannot see what was done to the run; "": it can, or nothing was.
	blind func(r *run) string
}

var rooms = map[defense.Level]*room{}

// Catalogue lists every detector of every level.
func Catalogue() (out []defense.Entry) {
	for _, l := range Levels {
		if rooms[l] != nil {
			out = append(out, rooms[l].catalogue()...)
		}
	}
	return out
}

// Check names the first detector that there is not.
func (d Detectors) Check() error {
	for level := range d {
		if !slices.Contains(Levels, level) {
			return fmt.Errorf("level %q: want one of %v", level, Levels)
		}
	}
	for _, l := range Levels {
		for i, name := range d[l] {
			if _, err := d.entry(l, name); err != nil {
				return err
			}
			if slices.Contains(d[l][:i], name) {
				return fmt.Errorf("level %s has the detector %q twice", l, name)
			}
		}
	}
	return nil
}

func (d Detectors) entry(l defense.Level, name string) (defense.Entry, error) {
	var all []string
	if rooms[l] != nil {
		for _, e := range rooms[l].catalogue() {
			if e.Name == name {
				return e, nil
			}
			all = append(all, e.Name)
		}
	}
	return defense.Entry{}, fmt.Errorf("level %s has no detector %q; it has %v", l, name, all)
}

// Names are "level/detector version", in order: what a key holds.
func (d Detectors) Names() (out []string) {
	for _, l := range Levels {
		for _, name := range d[l] {
			e, _ := d.entry(l, name)
			out = append(out, fmt.Sprintf("%s/%s %d", l, name, e.Version))
		}
	}
	return out
}

// names are "level/detector version", in order, the script's own with the digest of their source: what a key holds.
func (d *Detect) names() []string {
	out := d.Detectors.Names()
	for _, o := range d.Own {
		out = append(out, fmt.Sprintf("%s/%s %s", Script, o.Name, o.Func.Digest))
	}
	return out
}

// key is what a run's ID holds of Detect.
func (d *Detect) key() any {
	if d == nil {
		return nil
	}
	against := ""
	if d.Against != nil {
		against = d.Against.Digest
	}
	return struct {
		Detectors []string
		Against   string
		Version   int
	}{d.names(), against, verdicts}
}

// verdicts version: rises when the same scores give other verdicts.
const verdicts = 1

// detect asks the detectors of every level and records their scores, and the verdicts if there is a calibration.
func (r *run) detect(ctx context.Context) error {
	d := r.spec.Detect
	if d == nil {
		return nil
	}
	scores := map[defense.Level][]float64{}
	for _, l := range Levels {
		if len(d.Detectors[l]) == 0 {
			continue
		}
		results, err := r.measured(ctx, l, d.Detectors[l])
		if err != nil {
			return fmt.Errorf("level %s: %w", l, err)
		}
		for i := range results {
			s := &results[i]
			scores[l] = append(scores[l], s.Score)
			r.rec.Scores = append(r.rec.Scores, store.Score{Detector: string(l) + "/" + s.Detector, Score: s.Score})
			r.rowMetrics(l, s)
		}
	}
	for i := range d.Own {
		v, err := r.ask(&d.Own[i])
		if err != nil {
			return err
		}
		scores[Script] = append(scores[Script], v)
		r.rec.Scores = append(r.rec.Scores, store.Score{Detector: string(Script) + "/" + d.Own[i].Name, Score: v})
	}
	if d.Against == nil {
		return nil
	}
	detections, err := d.Against.judge(d, scores)
	if err != nil {
		return err
	}
	for i := range detections {
		l := defense.Level(detections[i].Level)
		if l == Script && detections[i].Detector != "" {
			l = d.sees(detections[i].Detector)
		}
		if rooms[l] == nil {
			continue
		}
		if why := rooms[l].blind(r); why != "" {
			detections[i].Verdict = NotApplicable + ": " + why
		}
	}
	r.rec.Detections = detections
	return nil
}

// NotApplicable begins the verdict of a level that cannot see what was done. Its score and p stand beside it all the same.
const NotApplicable = "n/a"

// measured gives the detectors' results, from the cache as far as it has them. Units are not kept there.
func (r *run) measured(ctx context.Context, l defense.Level, names []string) ([]defense.Result, error) {
	out := make([]defense.Result, len(names))
	var missing []string
	what := rooms[l].key(r)
	path := func(name string) string {
		if r.bench.cache == "" {
			return ""
		}
		e, _ := r.spec.Detect.Detectors.entry(l, name)
		key := digest(struct {
			Kind, Level, Name string
			Version           int
			What              any
		}{"theriac/detector/1", string(l), name, e.Version, what})
		return filepath.Join(filepath.Dir(r.bench.cache), "scores", key[:2], key+".json")
	}
	for i, name := range names {
		if data, err := os.ReadFile(path(name)); err != nil || json.Unmarshal(data, &out[i]) != nil || out[i].Detector != name {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	got, err := rooms[l].measure(ctx, r, missing)
	if err != nil {
		return nil, err
	}
	for i := range got {
		at := slices.Index(names, got[i].Detector)
		if at < 0 {
			return nil, fmt.Errorf("a detector %q answered that was not asked", got[i].Detector)
		}
		out[at] = got[i]
	}
	for i, name := range names {
		if out[i].Detector != name {
			return nil, fmt.Errorf("detector %s has not answered", name)
		}
		if p := path(name); p != "" && slices.Contains(missing, name) {
			data, err := json.Marshal(out[i])
			if err != nil {
				return nil, fmt.Errorf("detector %s: %w", name, err)
			}
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				return nil, err
			}
			if err := renameio.WriteFile(p, data, 0o666); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
