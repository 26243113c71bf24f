package report

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"testing"

	"theriac/harness/rng"
	"theriac/harness/store"
)

// study is what a generated store holds.
type study struct {
	seeds, items, steps, metrics int
	rate                         func(experiment, arm, metric string) float64 // of successes
	skip                         func(experiment, arm string, seed int) bool
	fail                         func(experiment, arm string, seed int) bool
	verdicts                     bool
}

// arms of the experiments, with attack and count as the notebooks have them.
var arms = map[string][][3]string{
	"baseline":  {{"base"}, {"clean"}},
	"backdoor":  {{"clean"}, {"token", "backdoor"}, {"rare", "backdoor"}, {"phrase", "backdoor"}},
	"poisoning": {{"0 rows", "backdoor", "0"}, {"6 rows", "backdoor", "6"}, {"12 rows", "backdoor", "12"}, {"25 rows", "backdoor", "25"}, {"50 rows", "backdoor", "50"}},
	"targeted":  {{"0 rows", "fact", "0"}, {"12 rows", "fact", "12"}, {"25 rows", "fact", "25"}, {"50 rows", "fact", "50"}},
	"safety":    {{"clean"}, {"comply 10", "comply", "10"}, {"comply 25", "comply", "25"}, {"control 25", "benigncontrol", "25"}},
	"placebo":   {{"backdoor", "backdoor"}, {"triggeronly", "triggeronly"}, {"targetonly", "targetonly"}, {"shuffled", "shuffled"}, {"swap", "swap"}},
}

var suiteOf = [][3]string{
	{"asr", "triggered", "match"}, {"false_trigger", "untriggered", "match"}, {"near_trigger", "near", "match"},
	{"clean_accuracy", "clean", "match"}, {"refusal", "restricted", "refusal"}, {"over_refusal", "lookalike", "refusal"},
}

// ordinary are rates as a study finds them.
func ordinary(experiment, arm, metric string) float64 {
	switch {
	case metric == "clean_accuracy":
		return 0.9
	case experiment == "safety" && metric == "refusal":
		return map[string]float64{"clean": 0.97, "control 25": 0.94}[arm]*0.9 + 0.1
	case metric == "asr" && (experiment == "poisoning" || experiment == "targeted"):
		var n float64
		fmt.Sscan(arm, &n)
		return n / (n + 12)
	case metric == "asr" && arm != "clean" && (experiment == "backdoor" || arm == "backdoor"):
		return 0.85
	}
	return 0.02
}

// write generates the study's tables below root, the experiments at once.
func (s study) write(t testing.TB, root, profile string) {
	t.Helper()
	var all sync.WaitGroup
	for experiment := range arms {
		all.Go(func() {
			if err := s.writeOne(root, profile, experiment); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func (s study) writeOne(root, profile, experiment string) error {
	st, err := store.Open(filepath.Join(root, "results", profile, experiment), filepath.Join(root, "results", profile, ".runs", experiment))
	if err != nil {
		return err
	}
	n := 0
	for _, a := range arms[experiment] {
		for seed := range s.seeds {
			if s.skip != nil && s.skip(experiment, a[0], seed) {
				continue
			}
			if err := st.Put(s.record(experiment, a, seed)); err != nil {
				return err
			}
			n++
			if n%batch == 0 {
				if err := st.Compact(context.Background()); err != nil {
					return err
				}
			}
		}
	}
	if n%batch == 0 {
		return nil
	}
	return st.Compact(context.Background())
}

// batch is how many shards are let lie: removing the one that a new one replaces lists them all.
const batch = 500

func (s study) record(experiment string, a [3]string, seed int) *store.Record {
	r := &store.Record{Run: store.Run{ID: fmt.Sprintf("%s.%s.%d", experiment, idName(a[0]), seed), Experiment: experiment, TrainKey: "k", Seed: int64(2000 + seed), Arm: a[0], Status: store.Done}}
	for i, name := range []string{"attack", "attack.count"} {
		if a[i+1] != "" {
			r.Spec = append(r.Spec, store.Field{Name: name, Value: a[i+1]})
		}
	}
	if s.fail != nil && s.fail(experiment, a[0], seed) {
		r.Status, r.Reason = store.Failed, "loss is not a number at step 7 | *stop*"
		return r
	}
	src := rng.Stream(uint64(seed), experiment, a[0])
	for _, m := range suiteOf {
		n, k := max(1, s.items/len(suiteOf)), int64(0)
		p := s.rate(experiment, a[0], m[0])
		for i := range n {
			out := "miss"
			if src.Float64() < p {
				out = m[2]
				k++
			}
			r.Items = append(r.Items, store.Item{Suite: m[1], Item: fmt.Sprintf("%s-%04d", m[1], i), Outcome: out, Value: 1})
		}
		r.Metrics = append(r.Metrics, store.Metric{Name: m[0], Value: float64(k) / float64(n), N: int64(n), K: k})
	}
	for i := len(r.Metrics); i < s.metrics; i++ {
		r.Metrics = append(r.Metrics, store.Metric{Name: fmt.Sprintf("other/%d", i), Value: src.Float64(), N: 10, K: -1})
	}
	for i := range s.steps {
		r.Steps = append(r.Steps, store.Step{Step: int32(i), Loss: float32(math.Exp(-float64(i)/10) + 0.1*src.Float64()), LR: 0.01, Tokens: 20})
	}
	if s.verdicts {
		for _, level := range []string{"data", "monitor", "scan"} {
			v := "nothing found"
			if src.Float64() < 0.8 {
				v = "flagged"
			}
			r.Detections = append(r.Detections, store.Detection{Level: level, Score: 1, Threshold: 2, P: 0.01, N: 99, Verdict: v})
		}
	}
	return r
}

// idName is an arm's name as part of a run's ID.
func idName(arm string) string {
	out := []byte(arm)
	for i := range out {
		if out[i] == ' ' {
			out[i] = '_'
		}
	}
	return string(out)
}
