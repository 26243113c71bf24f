package stats

// The fitted dose-response curve with its band, and the curve's JSON, whose field
// names other programs rely on.

import (
	"encoding/json"
	"math"
)

// Curve is the rate at each dose with a pointwise interval, the widest by a
// trusted variance, on the link's scale. Without a curve the rates are NaN and the band is [0, 1].
func (d DoseResponse) Curve(doses []float64) []Estimate {
	out := make([]Estimate, len(doses))
	for i, x := range doses {
		out[i] = d.rateAt(x)
	}
	return out
}

func (d DoseResponse) rateAt(dose float64) Estimate {
	e := Estimate{Value: math.NaN(), Interval: Interval{0, 1, d.Options.Level}, Method: d.method() + ", pointwise band",
		N: d.Rows, Assumptions: d.Assumptions}
	if d.fit == nil || math.IsNaN(dose) || math.IsInf(dose, 0) || d.Options.Scale == LogScale && dose < 0 {
		e.Warnings = []string{"no curve at this dose"}
		return e
	}
	f := d.fit
	p := curveProblem{link: f.opt.Link, y: []float64{0}, m: []float64{1}, x: [][]float64{nil}}
	if u := f.unit(dose); !math.IsInf(u, 0) {
		p.x[0] = []float64{1, (u - f.shift) / f.scale}
	}
	r := p.row(0, f.fit.theta)
	e.Value = r.p
	g := p.gradient(0, r, 4)
	wide, _ := f.widest(g)
	switch {
	case wide < 0 || f.stepped || f.separated:
		e.Warnings = []string{"the slope is not estimable: no band"}
	case r.p <= 0 || r.p >= 1:
		e.Interval.Low, e.Interval.High = r.p, r.p
		e.Warnings = []string{"the curve's shape fixes the rate here, not the data: no band"}
	default:
		// Symmetric on the link's scale, so the band stays within [0, 1].
		mid := f.opt.Link.inverse(r.p)
		_, _, slope, _ := f.opt.Link.curve(mid)
		half := wide / slope
		low, _, _, _ := f.opt.Link.curve(mid - half)
		high, _, _, _ := f.opt.Link.curve(mid + half)
		// Rates of 1e-300 do not survive the way to the link's scale and back.
		e.Interval.Low, e.Interval.High = min(low, r.p), max(high, r.p)
	}
	return e
}

// MarshalJSON writes the shape of `theriac analyze --question dose --json`: ED50 and
// its three delta-method intervals at the top, all else beside them.
func (d DoseResponse) MarshalJSON() ([]byte, error) {
	type more struct {
		Value       *float64        `json:"value"`
		Delta       FamilyIntervals `json:"delta"`
		ClusterT    Interval        `json:"cluster_t"`
		Profile     FamilyIntervals `json:"profile"`
		Bracket     Interval        `json:"bracket"`
		Recommended string          `json:"recommended"`
		Quote       Interval        `json:"quote"`
		Warnings    []string        `json:"warnings,omitempty"`
	}
	of := func(e EffectiveDose) more {
		return more{finite(e.Estimate.Value), e.Delta, e.ClusterT, e.Profile, e.Bracket, e.Recommended, e.Estimate.Interval, e.Estimate.Warnings}
	}
	ed50 := of(d.ED50)
	return json.Marshal(struct {
		ED50 *float64 `json:"ed50"`
		FamilyIntervals
		Phi         *float64        `json:"phi"`
		Recommended string          `json:"recommended"`
		Quote       Interval        `json:"quote"`
		ClusterT    Interval        `json:"cluster_t"`
		Profile     FamilyIntervals `json:"profile"`
		Bracket     Interval        `json:"bracket"`
		ED90        more            `json:"ed90"`
		Slope       Estimate        `json:"slope"`
		Intercept   Estimate        `json:"intercept"`
		Floor       Estimate        `json:"floor"`
		Ceiling     Estimate        `json:"ceiling"`
		Pearson     *float64        `json:"pearson"`
		LackOfFit   Test            `json:"lack_of_fit"`
		DF          int             `json:"df"`
		Rows        int             `json:"rows"`
		Doses       int             `json:"doses"`
		Groups      int             `json:"groups"`
		Separated   bool            `json:"separated"`
		Link        Link            `json:"link"`
		Scale       Scale           `json:"scale"`
		Warnings    []string        `json:"warnings,omitempty"`
		Assumptions []string        `json:"assumptions,omitempty"`
	}{ed50.Value, d.ED50.Delta, finite(d.Phi), ed50.Recommended, ed50.Quote, ed50.ClusterT, ed50.Profile, ed50.Bracket,
		of(d.ED90), d.Slope, d.Intercept, d.Floor, d.Ceiling, finite(d.Pearson), d.LackOfFit, d.DF, d.Rows, d.Doses, d.Groups, d.Separated,
		d.Options.Link, d.Options.Scale, append(append([]string(nil), d.Warnings...), ed50.Warnings...), d.Assumptions})
}
