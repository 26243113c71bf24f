package data

// Content patterns: rules.yaml, compiled once. A rule says nothing about whether a pattern is bad: role tags in a
// file about chat templates are ordinary, and in its reference too.

import (
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"theriac/harness/defense"
)

//go:embed rules.yaml
var rulesYAML []byte

var patterns = Detector{
	Entry: defense.Entry{Name: "patterns", Level: defense.Data, Version: 1,
		Doc: "content rules: what cannot be seen, tags, tokens in brackets, capitals, refusals and compliance out of place"},
	groups: func(p *Pool) ([]Group, error) {
		rules, err := compiled()
		if err != nil {
			return nil, err
		}
		found := make([][][]string, len(p.Rows)) // [row][rule] matched texts; nil: none
		parallelRows(len(p.Rows), func(i int) {
			found[i] = make([][]string, len(rules))
			for k := range rules {
				found[i][k] = rules[k].find(&p.Rows[i])
			}
		})
		var out []Group
		for k := range rules {
			out = append(out, rules[k].groups(found, k)...)
		}
		return out, nil
	},
}

type rule struct {
	Name   string
	Field  string // instruction, prompt, output or both
	Match  string // RE2
	Check  string // or a named check
	Each   bool
	Weight float64
	Doc    string

	re    *regexp.Regexp
	check func(r *Row, text string) string // the matched text; "": none
}

var compiled = sync.OnceValues(func() ([]rule, error) { return parseRules(rulesYAML) })

func parseRules(data []byte) ([]rule, error) {
	var file struct{ Rules []rule }
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	for i := range file.Rules {
		r := &file.Rules[i]
		if !slices.Contains([]string{"instruction", "prompt", "output", "both"}, r.Field) {
			return nil, fmt.Errorf("rule %q: field %q: want instruction, prompt, output or both", r.Name, r.Field)
		}
		if (r.Match == "") == (r.Check == "") || r.Name == "" || !(r.Weight >= 0) || math.IsInf(r.Weight, 0) {
			return nil, fmt.Errorf("rule %q: want a name, a weight of at least 0, and either match or check", r.Name)
		}
		if r.Check != "" {
			if r.check = checks[r.Check]; r.check == nil {
				return nil, fmt.Errorf("rule %q: no check %q", r.Name, r.Check)
			}
			continue
		}
		var err error
		if r.re, err = regexp.Compile(r.Match); err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	return file.Rules, nil
}

// find gives the texts that match in a row.
func (u *rule) find(r *Row) (out []string) {
	var fields []string
	switch u.Field {
	case "instruction":
		fields = []string{r.Instruction}
	case "prompt":
		fields = []string{r.Prompt}
	case "output":
		fields = []string{r.Output}
	case "both":
		fields = []string{r.Prompt, r.Output}
	}
	for _, text := range fields {
		text = text[:min(len(text), maxBytes)]
		if u.check != nil {
			if s := u.check(r, text); s != "" {
				return []string{s}
			}
			continue
		}
		if u.Each {
			out = append(out, u.re.FindAllString(text, 8)...)
		} else if s := u.re.FindString(text); s != "" {
			return []string{s}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (u *rule) groups(found [][][]string, k int) (out []Group) {
	var all []int32
	each, example := map[string][]int32{}, ""
	for i := range found {
		if len(found[i][k]) == 0 {
			continue
		}
		all = append(all, int32(i))
		example = found[i][k][0]
		for _, s := range found[i][k] {
			each[s] = append(each[s], int32(i))
		}
	}
	weight := func(n int) float64 { return u.Weight + math.Log2(float64(n)) }
	if len(all) == 0 {
		return nil
	}
	out = append(out, Group{all, weight(len(all)), fmt.Sprintf("%s: %s", u.Doc, quote(example, 40))})
	if !u.Each {
		return out
	}
	var texts []string
	for s := range each {
		texts = append(texts, s)
	}
	slices.Sort(texts)
	for _, s := range texts {
		out = append(out, Group{each[s], weight(len(each[s])), fmt.Sprintf("%s: %s", u.Doc, quote(s, 40))})
	}
	return out
}
