package scan

// Weight spectra of the LoRA update D = scale * B*A of each module (arXiv 2602.15195): largest singular value, Frobenius norm, share of
// the energy in the first direction, entropy of the energies, kurtosis of D's entries. D is never formed: its singular values are
// those of R_B * R_A' (r x r, from the QR of B and of A'), and its entries pass by a row at a time. No base model is needed.

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat" // QR and SVD

	"theriac/harness/compute"
	"theriac/harness/defense"
	"theriac/harness/model"
)

// Spectrum describes one module's update.
type Spectrum struct {
	Module        string
	Sigma1        float64 // largest singular value
	Frobenius     float64
	Concentration float64 // sigma1^2 / sum of squares, 1/r to 1; 0 of a zero update
	Entropy       float64 // of the squares' shares, over log r: 0 to 1
	Kurtosis      float64 // of D's entries, 3 for normal ones; 0 of a zero update
}

// Spectra describes every module of an adapter, in its order. See finite for what it refuses.
func Spectra(a *model.Adapter) ([]Spectrum, error) {
	if err := finite(a); err != nil {
		return nil, err
	}
	out := make([]Spectrum, len(a.Modules))
	for i := range a.Modules {
		var err error
		if out[i], err = spectrum(&a.Modules[i], a.R, a.Alpha/float64(a.R)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func spectrum(m *model.LoRA, r int, scale float64) (Spectrum, error) {
	s := Spectrum{Module: m.Name}
	in, out := len(m.A)/r, len(m.B)/r
	if in == 0 || out == 0 || in*r != len(m.A) || out*r != len(m.B) {
		return s, fmt.Errorf("scan: %s: lora_A has %d and lora_B %d values: want multiples of the rank %d", m.Name, len(m.A), len(m.B), r)
	}
	b, at := mat.NewDense(out, r, nil), mat.NewDense(in, r, nil)
	for i, v := range m.B {
		b.Set(i/r, i%r, float64(v))
	}
	for i, v := range m.A {
		at.Set(i%in, i/in, float64(v))
	}
	var core mat.Dense
	core.Mul(triangle(b), triangle(at).T())
	var svd mat.SVD
	if !svd.Factorize(&core, mat.SVDNone) {
		return s, fmt.Errorf("scan: %s: the singular values did not converge", m.Name)
	}
	energy := 0.0
	values := svd.Values(nil)
	for i, v := range values {
		values[i] = scale * v
		energy += float64(values[i] * values[i])
	}
	s.Sigma1, s.Frobenius = values[0], math.Sqrt(energy)
	if energy == 0 {
		return s, nil
	}
	s.Concentration = values[0] * values[0] / energy
	for _, v := range values {
		if p := v * v / energy; p > 0 && r > 1 {
			s.Entropy -= float64(p*compute.Log64(p)) / compute.Log64(float64(r))
		}
	}
	s.Kurtosis = kurtosis(m, r, in, out)
	return s, nil
}

// triangle is the R of a QR, or the matrix itself where it is wider than high.
func triangle(m *mat.Dense) mat.Matrix {
	if rows, cols := m.Dims(); rows < cols {
		return m
	}
	var qr mat.QR
	qr.Factorize(m)
	var r mat.Dense
	qr.RTo(&r)
	_, cols := m.Dims()
	return r.Slice(0, cols, 0, cols)
}

// kurtosis is the fourth moment of the entries of B*A about their mean, over the squared second.
func kurtosis(m *model.LoRA, r, in, out int) float64 {
	var sum [4]float64 // of powers 1 to 4
	row := make([]float32, in)
	for o := range out {
		clear(row)
		for k, b := range m.B[o*r : (o+1)*r] {
			for i, a := range m.A[k*in : (k+1)*in] {
				row[i] += float32(b * a)
			}
		}
		var part [4]float64
		for _, v := range row {
			x := float64(v)
			x2 := float64(x * x)
			part[0] += x
			part[1] += x2
			part[2] += float64(x2 * x)
			part[3] += float64(x2 * x2)
		}
		for p := range sum {
			sum[p] += part[p]
		}
	}
	n := float64(in) * float64(out)
	mean, s2, s3, s4 := sum[0]/n, sum[1]/n, sum[2]/n, sum[3]/n
	m2 := float64(mean * mean)
	variance := s2 - m2
	if variance <= 0 {
		return 0
	}
	fourth := s4 - float64(4*mean*s3) + float64(6*m2*s2) - float64(3*m2*m2)
	return fourth / float64(variance*variance)
}

// of makes a detector of one figure of the spectra. The run's score is the largest module's, or the mean.
func of(name, doc string, largest bool, figure func(s *Spectrum) float64) Detector {
	return Detector{
		Entry: defense.Entry{Name: name, Level: defense.Scan, Version: 1, Doc: doc + " (arXiv 2602.15195)"},
		score: func(_ context.Context, s *subject) (defense.Result, error) {
			if s.spectra == nil {
				var err error
				if s.spectra, err = Spectra(s.adapter); err != nil {
					return defense.Result{}, err
				}
			}
			var res defense.Result
			for i := range s.spectra {
				v := figure(&s.spectra[i])
				res.Units = append(res.Units, defense.Score{Unit: strings.TrimPrefix(s.spectra[i].Module, "model."), Score: v})
				if largest {
					res.Score = max(res.Score, v)
				} else {
					res.Score += v / float64(len(s.spectra))
				}
			}
			return res, nil
		},
	}
}

var (
	weightSigma1    = of("sigma1", "largest singular value of a module's update", true, func(s *Spectrum) float64 { return s.Sigma1 })
	weightFrobenius = of("frobenius", "size of the modules' updates", false, func(s *Spectrum) float64 { return s.Frobenius })
	weightEnergy    = of("concentration", "share of an update's energy in its first direction", false, func(s *Spectrum) float64 { return s.Concentration })
	weightEntropy   = of("entropy", "one minus the entropy of an update's energies", false, func(s *Spectrum) float64 { return 1 - s.Entropy })
	weightKurtosis  = of("kurtosis", "heavy tails of an update's entries", false, func(s *Spectrum) float64 { return s.Kurtosis })
)

// Adapter scores an adapter with the detectors that need its weights only: for bases too big to run.
func Adapter(ctx context.Context, a *model.Adapter) ([]defense.Result, error) {
	s := &subject{Scanner: &Scanner{}, adapter: a}
	var out []defense.Result
	for _, d := range catalogue {
		if d.Needs != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		res, err := d.score(ctx, s)
		if err != nil {
			return nil, err
		}
		res.Detector = d.Name
		out = append(out, res)
	}
	return out, nil
}
