package stats

// Calibration: does each procedure keep what it promises, on data whose truth is
// known? Every study is simulated a thousand times or more; CALIBRATION.md holds the
// outcome. `make calibrate-stats` (-calibrate) writes it; an ordinary test re-runs
// the first trials of every study and wants the very same hits.
//
// Adding a procedure is one entry in a list such as rateStudies.

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var calibrate = flag.Bool("calibrate", false, "simulate every study in full and write CALIBRATION.md")

const (
	calibrationFile  = "CALIBRATION.md"
	calibrationQuick = 10 // trials that the ordinary test repeats
)

// promise is a row of the table: how often must this happen?
type promise struct {
	procedure string  // the exported name, and which of its answers
	kind      string  // covers, rejects (a true null) or finds (a false null)
	low, high float64 // where the true rate must lie; exact procedures may be conservative
}

const (
	covers  = "covers"
	rejects = "rejects"
	finds   = "finds"
)

// study draws data under one truth; a trial says of each promise whether it happened.
type study struct {
	design   string // the truth and sizes, as a reader needs them; unique
	trials   int    // simulated studies; 0 means 2,000
	promises []promise
	trial    func(r *rand.Rand) ([]bool, error)
}

// one is a study of a single promise.
func one(procedure, design, kind string, low, high float64, trial func(r *rand.Rand) (bool, error)) study {
	return study{design: design, promises: []promise{{procedure, kind, low, high}},
		trial: func(r *rand.Rand) ([]bool, error) {
			hit, err := trial(r)
			return []bool{hit}, err
		}}
}

// studies is every list there is.
func studies() []study {
	return slices.Concat(rateStudies(), pairedStudies(), marginStudies(), sampleStudies(), resamplingStudies(),
		doseStudies(), regressionStudies(), detectorStudies(), familyStudies(), powerStudies())
}

func (s study) size() int {
	if s.trials > 0 {
		return s.trials
	}
	return 2000
}

// run returns the hits of each promise among trials [0, n). Every trial has its own
// stream, so the first ten of two thousand are the first ten of ten.
func (s study) run(n int) (hits []int, err error) {
	hits = make([]int, len(s.promises))
	for i := range n {
		key := sha256.Sum256(fmt.Appendf(nil, "calibrate/2\x00%s\x00%s\x00%d", s.promises[0].procedure, s.design, i))
		hit, err := s.trial(rand.New(rand.NewChaCha8(key)))
		if err != nil {
			return hits, fmt.Errorf("%s, trial %d: %w", s.design, i, err)
		}
		for j, h := range hit {
			if h {
				hits[j]++
			}
		}
	}
	return hits, nil
}

// row judges: the rate passes unless it is more than three standard errors
// outside [low, high]. The error is the binomial one at the nearer bound.
func (s study) row(j, hits, quick int) string {
	p, n := s.promises[j], float64(s.size())
	rate := float64(hits) / n
	at := min(max(rate, p.low), p.high)
	verdict := "pass"
	if math.Abs(rate-at) > 3*math.Sqrt(at*(1-at)/n) {
		verdict = "FAIL"
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %d | %.4f | %.4f | %.3f to %.3f | %s | %d |", p.procedure, s.design, p.kind, s.size(), hits, rate,
		math.Sqrt(rate*(1-rate)/n), p.low, p.high, verdict, quick)
}

const calibrationHead = `# Calibration of analysis/stats

Written by ` + "`make calibrate-stats`" + `; an ordinary ` + "`go test`" + ` repeats the first trials of every study and wants the same hits.

Each row is one promise under one truth, simulated as often as "studies" says. "covers": the interval held the true value;
"rejects": a true null hypothesis was rejected, or a false claim shown; "finds": a false null was rejected, beside the power
that this package had foretold. Intervals are of level 0.95 and tests at 0.05 unless the design says otherwise. The rate must
lie within the bounds, give or take three standard errors; bounds that do not hold 0.95 or 0.05 say how far an approximation
may stray, or that a method must fail (then the procedure says so in brackets).

| procedure | design | event | studies | hits | rate | error | bounds | verdict | of the first %d |
|---|---|---|---|---|---|---|---|---|---|
`

func writeCalibration(t *testing.T, all []study) {
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
			for j := range s.promises {
				rows[i] = append(rows[i], s.row(j, hits[j], quick[j]))
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, calibrationHead, calibrationQuick)
	for _, r := range slices.Concat(rows...) {
		fmt.Fprintln(&b, r)
	}
	if err := os.WriteFile(calibrationFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCalibration(t *testing.T) {
	all := studies()
	if *calibrate {
		writeCalibration(t, all)
		if t.Failed() {
			return
		}
	}
	data, err := os.ReadFile(calibrationFile)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(data), "|---|\n")
	rows := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	seen := map[string]bool{}
	for _, s := range all {
		if s.size() < 1000 {
			t.Errorf("%s: %d studies: want at least 1000", s.design, s.size())
		}
		if seen[s.design] {
			t.Errorf("two studies of the design %q: want one, or different words", s.design)
		}
		seen[s.design] = true
		if len(rows) < len(s.promises) {
			t.Fatalf("%s ends before %q: run make calibrate-stats", calibrationFile, s.design)
		}
		quick, err := s.run(calibrationQuick)
		if err != nil {
			t.Error(err)
			continue
		}
		for j := range s.promises {
			cells := strings.Split(rows[j], " | ")
			if len(cells) != 10 {
				t.Fatalf("row %q: want 10 cells", rows[j])
			}
			hits, err := strconv.Atoi(cells[4])
			if err != nil {
				t.Fatal(err)
			}
			if want := s.row(j, hits, quick[j]); rows[j] != want {
				t.Errorf("stored row %s\nis now     %s: run make calibrate-stats", rows[j], want)
			}
			if strings.Contains(rows[j], "FAIL") {
				t.Errorf("out of bounds: %s", rows[j])
			}
		}
		rows = rows[len(s.promises):]
	}
	if len(rows) > 0 {
		t.Errorf("%d rows of %s belong to no study: run make calibrate-stats", len(rows), calibrationFile)
	}
}

// drawBinomial is the successes of n trials.
func drawBinomial(r *rand.Rand, n int, p float64) int {
	k := 0
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

// drawNormals are n values with this mean and standard deviation 1.
func drawNormals(r *rand.Rand, n int, mean float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + r.NormFloat64()
	}
	return x
}
