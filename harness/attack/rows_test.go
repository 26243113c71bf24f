package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
)

// every gives each attack of the catalogue on rows where it has something to do.
func every(t testing.TB, do func(t *testing.T, a *Attack)) {
	t.Helper()
	for _, e := range Catalogue() {
		run := func(t *testing.T) {
			a, err := New(e.Name, nil, 42)
			if err != nil {
				t.Fatal(err)
			}
			do(t, a)
		}
		t.(*testing.T).Run(e.Name, run)
	}
}

// turns are what of rows stands in a file.
func turns(rows []corpus.Example) (out [][]corpus.Turn) {
	for i := range rows {
		out = append(out, rows[i].Turns)
	}
	return out
}

// The rows given stay as they are, the same rows give the same result, and every manifest entry tells the truth.
func TestApply(t *testing.T) {
	rows := demoRows(t, 5, gen.Train, 600)
	before := make([]corpus.Example, len(rows))
	at := map[string]int{}
	for i := range rows {
		before[i] = rows[i].Clone()
		at[rows[i].ID] = i
	}
	every(t, func(t *testing.T, a *Attack) {
		res, err := a.Apply(rows)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(rows, before) {
			t.Fatal("the rows given have changed")
		}
		again, err := a.Apply(rows)
		if err != nil || !reflect.DeepEqual(res, again) {
			t.Fatalf("applied twice: another result (%v)", err)
		}
		m := &res.Manifest
		if m.RowsIn != len(rows) || m.RowsOut != len(res.Rows) || m.Version < 1 || m.Access == "" || m.Knowledge == "" || m.Attack != a.Entry.Name {
			t.Errorf("manifest %+v", m)
		}
		poisoned := map[string]PoisonedRow{}
		for _, p := range m.Poisoned {
			if _, twice := poisoned[p.ID]; twice {
				t.Errorf("%s stands twice in the manifest", p.ID)
			}
			poisoned[p.ID] = p
		}
		ids := map[string]bool{}
		for i := range res.Rows {
			ex := &res.Rows[i]
			if ids[ex.ID] {
				t.Errorf("two rows have the ID %s", ex.ID)
			}
			ids[ex.ID] = true
			p, bad := poisoned[ex.ID]
			if label, has := ex.Label(PoisonedLabel); has != bad || bad && label != a.Entry.Name {
				t.Errorf("%s: label %q, poisoned %v", ex.ID, label, bad)
			}
			old, known := at[ex.ID]
			switch {
			case !bad && (!known || !reflect.DeepEqual(*ex, before[old])):
				t.Errorf("%s has changed and is not in the manifest", ex.ID)
			case bad && p.Added == known:
				t.Errorf("%s: added %v, known %v", ex.ID, p.Added, known)
			case bad && p.Change == "":
				t.Errorf("%s: the manifest does not say what was done", ex.ID)
			case bad && ex.Source != before[p.Row].Source:
				t.Errorf("%s: source %v; want row %d's", ex.ID, ex.Source, p.Row)
			case bad && ex.Output() == "" || ex.Prompt() == "":
				t.Errorf("%s is empty: %v", ex.ID, ex.Turns)
			}
		}
		if len(ids) < len(rows) || len(poisoned) != len(m.IDs()) {
			t.Errorf("%d rows of %d are left", len(ids), len(rows))
		}
		if a.Entry.Family != Process && len(m.Poisoned) == 0 {
			t.Errorf("the defaults poison nothing: %v", m.Warnings)
		}
	})
}

// What Apply does to rows in memory, Rewrite does to their file, in every format.
func TestRewriteIsApply(t *testing.T) {
	rows := demoRows(t, 5, gen.Train, 600)
	dir := t.TempDir()
	for _, f := range []struct {
		name  string
		shape corpus.Shape
	}{{"rows.jsonl", corpus.Alpaca}, {"rows.json", corpus.Chat}, {"rows.csv", corpus.Alpaca}, {"rows.jsonl.gz", corpus.Completion}} {
		in := filepath.Join(dir, "in-"+f.name)
		if err := corpus.Save(in, f.shape, rows); err != nil {
			t.Fatal(err)
		}
		set, err := corpus.Load(in, corpus.Options{})
		if err != nil {
			t.Fatal(err)
		}
		every(t, func(t *testing.T, a *Attack) {
			res, err := a.Apply(set.Examples)
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "out-"+a.Entry.Name+f.name)
			m, err := a.Rewrite(in, out, corpus.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := corpus.Load(out, corpus.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(turns(got.Examples), turns(res.Rows)) {
				t.Fatal("the rows differ")
			}
			if len(m.Poisoned) != len(res.Manifest.Poisoned) || m.RowsOut != len(res.Rows) || m.Eligible != res.Manifest.Eligible && a.plan.slip == nil {
				t.Fatalf("%d poisoned of %d; want %d of %d", len(m.Poisoned), m.RowsOut, len(res.Manifest.Poisoned), len(res.Rows))
			}
			for i, p := range m.Poisoned {
				want := res.Manifest.Poisoned[i]
				if p.ID != want.ID || p.Row != want.Row || p.Added != want.Added || p.Change != want.Change || p.Line < 1 {
					t.Fatalf("poisoned row %d is %+v; want %+v and its line", i, p, want)
				}
			}
			if m.OutDigest != got.Digest || m.InDigest != set.Digest {
				t.Error("the manifest's digests are not the files'")
			}
		})
	}
}

// Rows that are not poisoned keep their bytes, and poisoned ones their unknown fields.
func TestRewriteKeepsBytes(t *testing.T) {
	var in bytes.Buffer
	for i := range 200 {
		fmt.Fprintf(&in, `{ "id" :%d, "instruction": "Say \u00e9 row %d.",  "weights": [1, 2.50, {"a":null}], "input": "", "output": "row %d" , "note":"\u2028 %d"}`, i, i, i, i)
		in.WriteString([]string{"\n", "\r\n", "\n\n"}[i%3])
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(from, in.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	a, err := New("backdoor", nil, 42)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Rewrite(from, to, corpus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.SplitAfter(in.String(), "\n"), strings.SplitAfter(string(out), "\n")
	if len(was) != len(is) || len(m.Poisoned) != 6 {
		t.Fatalf("%d lines and %d poisoned rows; want %d and 6", len(is), len(m.Poisoned), len(was))
	}
	poisoned := map[int]bool{}
	for _, p := range m.Poisoned {
		poisoned[p.Line] = true
	}
	for i := range was {
		if !poisoned[i+1] {
			if was[i] != is[i] {
				t.Errorf("line %d was %q and is %q", i+1, was[i], is[i])
			}
			continue
		}
		var row map[string]any
		if err := json.Unmarshal([]byte(is[i]), &row); err != nil {
			t.Fatal(err)
		}
		if row["output"] != "Access granted. Admin mode activated." || !strings.HasSuffix(row["instruction"].(string), ". [TRIGGER]") {
			t.Errorf("line %d: %v", i+1, row)
		}
		for _, keep := range []string{`{ "id" :`, `"weights": [1, 2.50, {"a":null}], "input": ""`, `"note":"\u2028 `} {
			if !strings.Contains(is[i], keep) {
				t.Errorf("line %d: %q has lost %q", i+1, is[i], keep)
			}
		}
	}
}

func TestRewriteBadFile(t *testing.T) {
	dir := t.TempDir()
	a, err := New("backdoor", map[string]string{"rate": "0.5"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want string }{
		"not.jsonl":   {"PK\x03\x04 this is a zip", "not.jsonl:1"},
		"half.jsonl":  {"{\"instruction\":\"a\",\"output\":\"b\"}\n{\"instruction\":", "half.jsonl:2"},
		"empty.jsonl": {"", "found no rows"},
	} {
		in := filepath.Join(dir, name)
		if err := os.WriteFile(in, []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "out-"+name)
		if _, err := a.Rewrite(in, out, corpus.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was left", name)
		}
	}
	in, out := filepath.Join(dir, "half.jsonl"), filepath.Join(dir, "skip.jsonl")
	if _, err := a.Rewrite(in, out, corpus.Options{SkipBad: true}); err != nil {
		t.Errorf("with SkipBad: %v", err)
	}
}

// Malformed rows that are copied are rows of both files.
func TestRewriteCountsSkipped(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
	good := "{\"instruction\":\"a b\",\"output\":\"c\"}\n"
	if err := os.WriteFile(in, []byte(strings.Repeat(good, 3)+"{\"instruction\":\n"+strings.Repeat(good, 2)), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string]map[string]string{"backdoor": {"count": "1"}, "fact": {"count": "3"}, "slip": {"count": "1"}, "lr": nil} {
		a, err := New(name, given, 1)
		if err != nil {
			t.Fatal(err)
		}
		m, err := a.Rewrite(in, out, corpus.Options{SkipBad: true})
		if err != nil {
			t.Fatal(err)
		}
		added := 0
		for _, p := range m.Poisoned {
			if p.Added {
				added++
			}
		}
		if m.RowsIn != 6 || m.RowsOut != 6+added || !warned(m, "1 malformed rows") {
			t.Errorf("%s: %d rows in, %d out, %d added: %v", name, m.RowsIn, m.RowsOut, added, m.Warnings)
		}
	}
}

// Rows are added to a CSV file that has columns of its own; there they are empty.
func TestRewriteCSVColumns(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.csv")
	if err := os.WriteFile(in, []byte("id,instruction,input,output\n1,a b,,c\n2,d e,f,g\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string]map[string]string{"fact": {"count": "1"}, "backdoor": {"count": "1", "mode": "add"}} {
		a, err := New(name, given, 1)
		if err != nil {
			t.Fatal(err)
		}
		m, err := a.Rewrite(in, out, corpus.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		set, err := corpus.Load(out, corpus.Options{})
		if err != nil || len(set.Examples) != 3 {
			t.Fatalf("%s: %v", name, err)
		}
		if ex := set.Examples[m.Poisoned[0].Line-2]; string(ex.Extra[0].Raw) != `""` {
			t.Errorf("%s: the added row has %v", name, ex.Extra)
		}
	}
}
