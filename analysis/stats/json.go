package stats

// JSON of the results that hold bare numbers which may not exist or have no bound: null
// then, since JSON has neither. Field names are Go's, as for every other struct here but
// Interval, Estimate, Test and DoseResponse.

import "encoding/json"

// MarshalJSON writes a standard error that does not exist as null.
func (a AUC) MarshalJSON() ([]byte, error) {
	type plain AUC
	return json.Marshal(struct {
		plain
		SE *float64
	}{plain(a), finite(a.SE)})
}

// MarshalJSON writes the threshold that nothing exceeds as null.
func (p ROCPoint) MarshalJSON() ([]byte, error) {
	type plain ROCPoint
	return json.Marshal(struct {
		plain
		Threshold *float64
	}{plain(p), finite(p.Threshold)})
}

// MarshalJSON writes the threshold that nothing exceeds as null.
func (d Detection) MarshalJSON() ([]byte, error) {
	type plain Detection
	return json.Marshal(struct {
		plain
		Threshold *float64
	}{plain(d), finite(d.Threshold)})
}

// MarshalJSON writes Phi as null where there are no degrees of freedom.
func (f BinomialFit) MarshalJSON() ([]byte, error) {
	type plain BinomialFit
	return json.Marshal(struct {
		plain
		Phi *float64
	}{plain(f), finite(f.Phi)})
}

// MarshalJSON writes Phi as null where there are no degrees of freedom.
func (s TwoSlope) MarshalJSON() ([]byte, error) {
	type plain TwoSlope
	return json.Marshal(struct {
		plain
		Phi *float64
	}{plain(s), finite(s.Phi)})
}

// MarshalJSON writes a precision that does not exist as null.
func (p DosePower) MarshalJSON() ([]byte, error) {
	type plain DosePower
	return json.Marshal(struct {
		plain
		HalfWidth, WithinSD *float64
	}{plain(p), finite(p.HalfWidth), finite(p.WithinSD)})
}
