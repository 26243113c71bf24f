package attack

import (
	"fmt"
	"strconv"
	"strings"
)

// params reads parameters; the first fault stays in err.
type params struct {
	values map[string]string
	err    error
}

func (p *params) fail(name, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s %q: want %s", name, p.values[name], want)
	}
}

func (p *params) text(name string) string {
	if p.values[name] == "" {
		p.fail(name, "some text")
	}
	return p.values[name]
}

func (p *params) one(name string, of ...string) string {
	for _, o := range of {
		if p.values[name] == o {
			return o
		}
	}
	p.fail(name, "one of "+strings.Join(of, ", "))
	return p.values[name]
}

func (p *params) float(name string, low, high float64) float64 {
	v, err := strconv.ParseFloat(p.values[name], 64)
	if err != nil || !(v >= low && v <= high) {
		p.fail(name, fmt.Sprintf("a number from %g to %g", low, high))
	}
	return v
}

func (p *params) integer(name string, low, high int) int {
	v, err := strconv.Atoi(p.values[name])
	if err != nil || v < low || v > high {
		p.fail(name, fmt.Sprintf("a whole number from %d to %d", low, high))
	}
	return v
}

// countParams are how many rows are poisoned: count, or if that is empty rate.
func countParams(rate, count string) []Param {
	return []Param{
		{"rate", rate, "share of the rows that can be poisoned, 0 to 1; the number is rounded down"},
		{"count", count, "number of rows, in place of the rate"},
	}
}

func (p *params) count() func(n int) (int, error) {
	if p.values["count"] != "" {
		k := p.integer("count", 0, 1<<30)
		return func(n int) (int, error) {
			if k > n {
				return 0, fmt.Errorf("count %d: only %d rows can be poisoned", k, n)
			}
			return k, nil
		}
	}
	rate := p.float("rate", 0, 1)
	return func(n int) (int, error) { return int(float64(n) * rate), nil }
}
