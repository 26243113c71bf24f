package attack

// Poison slipped in between check and loader: the file that is validated, hashed and scanned is clean; what is trained on is not.
// (A time-of-check to time-of-use attack; the signed data of package sign close the gap.)

var slip = Entry{
	Name: "slip", Family: Process, Version: 1,
	Doc:    "backdoor rows that come in after validation",
	Cost:   Cost{Access: "data loader", Knowledge: "training code"},
	Params: backdoorParams("0.03", "", "add"),
	build:  buildSlip,
}

func buildSlip(p *params) (*plan, error) {
	inner, err := buildBackdoor(p)
	if err != nil {
		return nil, err
	}
	return &plan{slip: inner, probe: inner.probe}, nil
}
