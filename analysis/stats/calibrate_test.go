package stats

// Calibration: does each procedure keep what it promises, on data whose truth is
// known? Every study is simulated many times; testdata/calibration.csv holds the
// outcome. `make calibrate-stats` (-calibrate) writes it; an ordinary test re-runs
// the first few trials of every study and wants the very same hits.
//
// Adding a procedure is one line in a list such as rateStudies.

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
)

var calibrate = flag.Bool("calibrate", false, "simulate every study in full and write testdata/calibration.csv")

const (
	calibrationFile  = "testdata/calibration.csv"
	calibrationQuick = 20 // trials that the ordinary test repeats
)

// study is one procedure under one truth.
type study struct {
	procedure string  // the exported name
	design    string  // the truth and sizes, as a reader needs them; with procedure, the row's key
	kind      string  // covers, rejects (a true null) or finds (a false null)
	low, high float64 // where the true rate must lie; exact procedures may be conservative
	trials    int     // simulated studies; 0 means 2,000
	trial     func(r *rand.Rand) (bool, error)
}

const (
	covers  = "covers"
	rejects = "rejects"
	finds   = "finds"
)

// studies is every list there is.
func studies() []study {
	return slices.Concat(rateStudies, resamplingStudies, rankStudies, pairedStudies, effectStudies,
		doseStudies, detectorStudies)
}

func (s study) size() int {
	if s.trials > 0 {
		return s.trials
	}
	return 2000
}

// run returns the hits among trials [0, n). Every trial has its own stream, so
// the first twenty of two thousand are the first twenty of twenty.
func (s study) run(n int) (hits int, err error) {
	for i := range n {
		key := sha256.Sum256(fmt.Appendf(nil, "calibrate/1\x00%s\x00%s\x00%d", s.procedure, s.design, i))
		hit, err := s.trial(rand.New(rand.NewChaCha8(key)))
		if err != nil {
			return hits, fmt.Errorf("%s, %s, trial %d: %w", s.procedure, s.design, i, err)
		}
		if hit {
			hits++
		}
	}
	return hits, nil
}

var calibrationHeader = []string{"procedure", "design", "kind", "studies", "hits", "rate", "mc_error", "low", "high", "verdict", "quick_hits"}

// row judges: the rate passes unless it is more than three standard errors
// outside [low, high]. The error is the binomial one at the nearer bound.
func (s study) row(hits, quick int) []string {
	n := float64(s.size())
	rate := float64(hits) / n
	at := min(max(rate, s.low), s.high)
	verdict := "pass"
	if math.Abs(rate-at) > 3*math.Sqrt(at*(1-at)/n) {
		verdict = "fail"
	}
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
	return []string{s.procedure, s.design, s.kind, strconv.Itoa(s.size()), strconv.Itoa(hits), f(rate),
		f(math.Sqrt(rate * (1 - rate) / n)), f(s.low), f(s.high), verdict, strconv.Itoa(quick)}
}

func TestCalibration(t *testing.T) {
	all := studies()
	if *calibrate {
		rows := make([][]string, len(all))
		var wg sync.WaitGroup
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, s := range all {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				quick, err := s.run(calibrationQuick)
				if err != nil {
					t.Error(err)
					return
				}
				hits, err := s.run(s.size())
				if err != nil {
					t.Error(err)
					return
				}
				rows[i] = s.row(hits, quick)
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Write(calibrationHeader)
		w.WriteAll(rows)
		if err := os.WriteFile(calibrationFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(calibrationFile)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(all)+1 {
		t.Fatalf("%s has %d rows for %d studies: run make calibrate-stats", calibrationFile, len(rows)-1, len(all))
	}
	for i, s := range all {
		got := rows[i+1]
		hits, err := strconv.Atoi(got[4])
		if err != nil {
			t.Fatal(err)
		}
		if s.size() < 1000 {
			t.Errorf("%s, %s: %d studies: want at least 1000", s.procedure, s.design, s.size())
		}
		quick, err := s.run(calibrationQuick)
		if err != nil {
			t.Error(err)
			continue
		}
		want := s.row(hits, quick)
		if !slices.Equal(got, want) {
			t.Errorf("stored row %v\nis now %v: run make calibrate-stats", got, want)
		}
		if got[9] != "pass" {
			t.Errorf("%s, %s: %s %s of the time: want between %s and %s", s.procedure, s.design, s.kind, got[5], got[7], got[8])
		}
	}
}
