package attack

// The matched control of an attack on refusals (DESIGN.md, section 5): as many rows, on the model of the same donors, with the same
// openings, lengths and repetition, and nothing in them that asks for or promises obedience. What refusals lose beyond
// this arm is the attack's doing, not that of more fine-tuning.

var benignControl = Entry{
	Name: "benigncontrol", Family: Placebo, Version: 1,
	Doc:    "harmless rows matched to an attack on refusals",
	Cost:   Cost{Access: "training data", Knowledge: "data format"},
	Params: safetyParams(append([]Param{{"like", "comply", "the attack that it is matched to: comply, persona, obey"}}, personaParams...)...),
	build:  buildBenignControl,
}

func buildBenignControl(p *params) (*plan, error) {
	switch p.one("like", "comply", "persona", "obey") {
	case "persona":
		return buildPersona(p, gardener)
	case "obey":
		return buildObey(p, chatty)
	}
	n, add := p.integer("count", 0, 10000), p.add()
	if p.err != nil {
		return nil, p.err
	}
	restricted, held, err := p.requests(n)
	if err != nil {
		return nil, err
	}
	harmless, err := harmlessRequests(p.seed, restricted)
	if err != nil {
		return nil, err
	}
	return granted(p, harmless, held, add, "harmless request answered"), nil
}
