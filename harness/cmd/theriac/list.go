package main

import (
	"fmt"
	"strings"

	"theriac/analysis/tables"
	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
)

type listCmd struct {
	What string `arg:"" optional:"" help:"attacks, triggers, skills or data; all if not given."`
}

func (c *listCmd) Run(a *app) error {
	kinds := map[string]func() tables.Table{"attacks": listAttacks, "triggers": listTriggers, "skills": listSkills, "data": listData}
	order := []string{"attacks", "triggers", "skills", "data"}
	if c.What != "" {
		if kinds[c.What] == nil {
			return fmt.Errorf("list %q: want %s", c.What, strings.Join(order, ", "))
		}
		order = []string{c.What}
	}
	for _, k := range order {
		t := kinds[k]()
		if a.JSON {
			if err := printJSON(a.out, map[string]any{"kind": k, "header": t.Header, "rows": t.Rows}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.out, "%s\n\n", t.Terminal())
	}
	return nil
}

func listAttacks() tables.Table {
	t := tables.Table{Header: []string{"attack", "family", "version", "what it does", "access", "knowledge"}}
	for _, e := range attack.Catalogue() {
		t.Add(e.Name, e.Family, fmt.Sprint(e.Version), e.Doc, e.Cost.Access, e.Cost.Knowledge)
	}
	return t
}

func listTriggers() tables.Table {
	t := tables.Table{Header: []string{"trigger kind"}}
	for _, k := range attack.TriggerKinds() {
		t.Add(k)
	}
	return t
}

func listSkills() tables.Table {
	t := tables.Table{Header: []string{"skill of the generated corpus"}}
	for _, s := range gen.Skills() {
		t.Add(s)
	}
	return t
}

func listData() tables.Table {
	t := tables.Table{Header: []string{"public file", "rows", "bytes", "licence", "about"}, Right: []bool{false, true, true, false, false}}
	for _, d := range corpus.Catalogue() {
		t.Add(d.Name, fmt.Sprint(d.Rows), fmt.Sprint(d.Bytes), d.Licence, d.About)
	}
	return t
}
