package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"theriac/analysis/tables"
	"theriac/harness/compute/machine"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// Pace times this machine: the seconds of one core that a clean run takes, trained and evaluated, and what the plan's detectors of each level
// take beside it. Every seed does each in turn, with nothing kept between them but the frozen layers' states; medians over the seeds.
func (l *Lab) Pace(seeds []int) Table {
	if len(seeds) == 0 {
		stop("pace: want at least one seed")
	}
	m, err := l.openBase()
	if err != nil {
		stop("%v", err)
	}
	on, _, err := machine.Open("cpu", 1)
	if err != nil {
		stop("%v", err)
	}
	b, err := sweep.Open(m, on, "", l.profile.Data.MaxTokens)
	if err != nil {
		stop("%v", err)
	}
	defer b.Close()
	b.DataDir = l.env.DataDir
	dir, err := os.MkdirTemp("", "theriac-pace-*")
	if err != nil {
		stop("%v", err)
	}
	defer os.RemoveAll(dir)
	once := func(place string, s sweep.Spec) float64 {
		st, err := store.Open(filepath.Join(dir, place, "tables"), filepath.Join(dir, place, "shards"))
		if err != nil {
			stop("%v", err)
		}
		start := time.Now()
		rep, err := b.Run(l.ctx, []sweep.Spec{s}, st, sweep.Options{})
		if err != nil || rep.Failed > 0 {
			stop("pace: %v %v", err, rep)
		}
		return time.Since(start).Seconds()
	}
	plain := make([]float64, len(seeds))
	more := map[string][]float64{}
	all := l.studyPlan().Detectors
	for i, seed := range seeds {
		s := l.spec(&Arm{Name: "pace"})
		s.Seed = uint64(seed)
		if i == 0 {
			once("warm", s) // packs weights and goes through the held-out items
		}
		place := fmt.Sprint(seed)
		first := s
		first.Data.Clean, first.Data.Probe, first.Data.Restricted, first.Data.LookAlike = 0, 0, 0, 0
		once(place+"-frozen", first) // goes through the seed's rows
		plain[i] = once(place, s)
		for _, level := range sweep.Levels {
			judged := s
			judged.Detect = &sweep.Detect{Detectors: sweep.Detectors{level: all[level]}}
			more[string(level)] = append(more[string(level)], once(place+"-"+string(level), judged)-plain[i])
		}
	}
	t := Table{Header: []string{"what", "seconds of one core"}, Right: []bool{false, true}}
	t.Add("run", tables.Number(middle(plain), 2))
	for _, level := range sweep.Levels {
		t.Add(string(level), tables.Number(max(0, middle(more[string(level)])), 2))
	}
	return t
}

// middle is the median of an odd number of values, the lower of an even number's two.
func middle(v []float64) float64 { return slices.Sorted(slices.Values(v))[(len(v)-1)/2] }
