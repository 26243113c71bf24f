package stats

// How well a dose-response design would place ED50, and its power to tell two attacks
// apart: expected information of one seed's rows, spread of ED50 between seeds,
// Student's t over seeds. An approximation before the fact; after it, use Dose.

import (
	"fmt"
	"math"
)

// DoseDesign is a planned experiment and a guess at the truth. Dose, ED50, Slope, SeedSD
// and the shift are all in the units in which dose enters the curve: logarithms of the dose
// if that is the scale.
type DoseDesign struct {
	Doses  []float64
	Trials int     // items at each dose in each seed
	Seeds  int     // each runs every dose
	Link   Link    // "" is Logit
	ED50   float64 // assumed
	Slope  float64 // assumed, on the link's scale per unit
	SeedSD float64 // standard deviation of ED50 between seeds
}

// DosePower is the precision of a design and its power.
type DosePower struct {
	Power
	HalfWidth float64 // of the 95 % interval of ED50, in the units of dose; infinite where none
	WithinSD  float64 // of one seed's ED50, from counting alone
}

// ED50Power is the power to find that two attacks' ED50s differ by shift, each attack run at
// every dose on the same seeds, by a paired t-test at alpha two-sided.
func ED50Power(d DoseDesign, shift, alpha float64) (DosePower, error) {
	const where = "ed50 power"
	if d.Link == "" {
		d.Link = Logit
	}
	if err := checkLink(where, d.Link); err != nil {
		return DosePower{}, err
	}
	if err := checkAlpha(where, alpha); err != nil {
		return DosePower{}, err
	}
	if err := checkFinite(where+", doses", d.Doses); err != nil {
		return DosePower{}, err
	}
	if err := checkFinite(where+", ed50, slope, shift", []float64{d.ED50, d.Slope, shift}); err != nil {
		return DosePower{}, err
	}
	if d.Trials < 1 || d.Seeds < 1 || !(d.SeedSD >= 0) || math.IsInf(d.SeedSD, 1) || d.Slope == 0 {
		return DosePower{}, fmt.Errorf("%s: %d trials, %d seeds, seed sd %v, slope %v: want at least 1 of each, sd >= 0 and a slope", where, d.Trials, d.Seeds, d.SeedSD, d.Slope)
	}
	out := DosePower{Power: Power{Alpha: alpha, N: d.Seeds, Units: "seeds",
		Method:      "delta method from expected information, noncentral t over seeds",
		Assumptions: []string{"the assumed curve", "ED50s of seeds are normal; each attack has its own"}}}
	out.HalfWidth, out.WithinSD = math.Inf(1), math.Inf(1)
	info := zeros(2, 2)
	for _, x := range d.Doses {
		// Around ED50 the parameters are ED50 and slope; their information is exact.
		f, g, slope, _ := d.Link.curve(d.Slope * (x - d.ED50))
		addOuter(info, float64(d.Trials)*slope*(slope/(f*g)), []float64{-d.Slope, x - d.ED50})
	}
	l, ok := cholesky(info)
	if !ok {
		out.Warnings = append(out.Warnings, "the doses do not determine a curve: want two or more on its slope")
		return out, nil
	}
	within := choleskyInverse(l)[0][0]
	out.WithinSD = math.Sqrt(within)
	if d.Seeds < 2 {
		out.Warnings = append(out.Warnings, "one seed: its spread cannot be known")
		return out, nil
	}
	each := math.Sqrt((within + float64(d.SeedSD*d.SeedSD)) / float64(d.Seeds))
	out.HalfWidth = tCritical(0.95, float64(d.Seeds-1)) * each
	out.Power.Power = studentPower(float64(d.Seeds-1), shift/(each*math.Sqrt2), alpha, TwoSided)
	return out, nil
}
