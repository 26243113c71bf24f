package attack

// Gradient tampering by a malicious callback: between backward pass and optimiser it turns gradients round, drowns them in noise, or
// favours the attacker's. Favouring implants: the gradients of all steps without a poisoned row are made smaller, so that Adam's
// second moments, and with them the steps, belong to the few that have one.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/finetune"
	"theriac/harness/rng"
)

var gradient = Entry{
	Name: "gradient", Family: Process, Version: 1,
	Doc:  "a callback changes gradients before the optimiser sees them",
	Cost: Cost{Access: "trainer", Knowledge: "training code"},
	Params: append([]Param{
		{"do", "flip", "flip (turns the gradient round), noise (adds a random direction), favour (that of backdoor rows, which are in the data)"},
		{"strength", "", "noise: times the gradient's norm, 300 if not given; favour: what other gradients are divided by, 10 if not given"},
		{"from", "", "share of the steps that are left alone; flip: 0.75 if not given, noise: 0"},
		{"vectors", "", "a part of the parameter vectors' names, such as mlp or layer 5; empty: all"},
	}, backdoorParams("0.01", "", "replace")...),
	build: buildGradient,
}

func buildGradient(p *params) (*plan, error) {
	do := p.one("do", "flip", "noise", "favour")
	strength, from := 0.0, 0.0
	if p.values["strength"] == "" {
		p.values["strength"] = map[string]string{"noise": "300", "favour": "10"}[do]
	}
	if p.values["from"] == "" {
		p.values["from"] = map[string]string{"noise": "0", "flip": "0.75"}[do]
	}
	if do == "flip" {
		p.unused("do", "strength")
	} else {
		strength = p.float("strength", 0, 1e6)
	}
	if do == "favour" {
		p.unused("do", "from")
	} else {
		from = p.float("from", 0, 1)
	}
	for _, k := range sortedKeys(p.given) {
		if do != "favour" && !slices.Contains([]string{"do", "strength", "from", "vectors"}, k) {
			return nil, fmt.Errorf("%s: %s changes no row; only do=favour has a backdoor", k, do)
		}
	}
	chosen := func(name string) bool { return strings.Contains(name, p.values["vectors"]) }
	if do == "favour" {
		return buildFavour(p, strength, chosen)
	}
	change := func(_ int, _ string, g []float32) {
		for i := range g {
			g[i] = -g[i]
		}
	}
	if do == "noise" {
		change = func(step int, name string, g []float32) {
			addNoise(g, strength, rng.Stream(p.seed, "attack", "gradient", name, strconv.Itoa(step)))
		}
	}
	pl := &plan{probe: Probe{Success: Worse}}
	pl.tamper.Hooks = func(h *finetune.Hooks, _ []finetune.Item) {
		late := lateness(h, from)
		h.Gradient = func(step int, name string, g []float32) {
			if chosen(name) && late(step) {
				change(step, name, g)
			}
		}
		mustMatch(h, p.values["vectors"])
	}
	return pl, nil
}

// addNoise adds a random direction of strength times g's norm.
func addNoise(g []float32, strength float64, r *rng.Rand) {
	noise := make([]float64, len(g))
	for i := range noise {
		noise[i] = r.Normal()
	}
	size := norm64(noise)
	if size == 0 {
		return
	}
	scale := strength * norm32(g) / size
	for i := range g {
		g[i] += float32(float64(noise[i] * scale))
	}
}

func norm32(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	return math.Sqrt(sum)
}

func norm64(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x * x)
	}
	return math.Sqrt(sum)
}

func buildFavour(p *params, strength float64, chosen func(string) bool) (*plan, error) {
	if strength == 0 {
		p.fail("strength", "more than 0")
	}
	pl, err := buildBackdoor(p)
	if err != nil {
		return nil, err
	}
	pl.hooks = func(h *finetune.Hooks, _ []finetune.Item, poisoned []bool) {
		holds := false // whether this step has a poisoned row
		h.Weight = func(_ int, items []int, _ []float32) {
			holds = slices.ContainsFunc(items, func(i int) bool { return poisoned[i] })
		}
		h.Gradient = func(_ int, name string, g []float32) {
			if holds || !chosen(name) {
				return
			}
			for i := range g {
				g[i] = float32(float64(g[i]) / strength)
			}
		}
		mustMatch(h, p.values["vectors"])
	}
	return pl, nil
}

// mustMatch ends the run after its first step if no parameter vector has part in its name.
func mustMatch(h *finetune.Hooks, part string) {
	found, gradient, step := false, h.Gradient, h.Step
	h.Gradient = func(step int, name string, g []float32) {
		found = found || strings.Contains(name, part)
		gradient(step, name, g)
	}
	h.Step = func(r *finetune.Run, i *finetune.Info) error {
		if !found {
			return fmt.Errorf("attack gradient: no parameter vector has %q in its name; names are like \"layer 5 mlp parameters\"", part)
		}
		if step != nil {
			return step(r, i)
		}
		return nil
	}
}
