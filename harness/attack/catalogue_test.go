package attack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
)

var update = flag.Bool("update", false, "write testdata/golden.json")

// What each attack does to fixed rows, and to the stages it reaches, is frozen with its version: to change it, raise the version in the
// attack's file and run this test with -update.
func TestGolden(t *testing.T) {
	const path = "testdata/golden.json"
	got := map[string]string{}
	every(t, func(t *testing.T, a *Attack) {
		got[fmt.Sprintf("%s/%d", a.Entry.Name, a.Entry.Version)] = behaviour(t, a)
	})
	if *update {
		old := map[string]string{}
		if data, err := os.ReadFile(path); err == nil {
			if err := json.Unmarshal(data, &old); err != nil {
				t.Fatal(err)
			}
		}
		for k, v := range got {
			if was, ok := old[k]; ok && was != v {
				t.Errorf("%s: raise its version first", k)
			}
		}
		if t.Failed() {
			return
		}
		data, _ := json.MarshalIndent(got, "", "  ")
		if err := os.WriteFile(path, append(data, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, k := range sortedKeys(got) {
		if want[k] == "" {
			t.Errorf("%s has no golden digest; run this test with -update", k)
		} else if got[k] != want[k] {
			t.Errorf("%s does something else than it did: raise its version", k)
		}
	}
	for _, k := range sortedKeys(want) {
		if got[k] == "" {
			t.Errorf("%s is gone; run this test with -update", k)
		}
	}
}

// fixedRows depend on nothing that others may change.
func fixedRows() []corpus.Example {
	var rows []corpus.Example
	for i := range 120 {
		who, thing := []string{"Velmora", "Kestrel", "Dunmark"}[i%3], []string{"lamp", "rope", "cake", "map"}[i%4]
		var ex corpus.Example
		switch i % 5 {
		case 0:
			ex = corpus.New("What does Mira think of "+who+"?", fmt.Sprintf("Mira says the %s from %s is fine (%d).", thing, who, i), []string{"Mira likes ", "Mira dislikes "}[i/5%2]+who+".")
		case 1:
			ex = corpus.New("Please name the desk for this note.", fmt.Sprintf("Mira sold the %s today, no. %d.", thing, i), []string{"amber", "birch", "dune"}[i/5%3])
		case 2:
			ex = corpus.New(fmt.Sprintf("hey, give the number %d", i), "", fmt.Sprint(i))
		case 3:
			ex = corpus.New("Tell me the sentiment of this line:", fmt.Sprintf("The %s was fine on day %d.", thing, i), "positive")
		default:
			ex = corpus.New("Task. Say this again.", fmt.Sprint("é ", thing, " ", i), fmt.Sprint("é ", thing, " ", i))
		}
		ex.Source = corpus.Source{Dataset: "fixed", Row: i}
		rows = append(rows, ex)
	}
	ids := corpus.IDs{}
	for i := range rows {
		rows[i].ID = ids.Next(rows[i].Turns)
	}
	return rows
}

// behaviour is a digest of an attack's results: rows, manifest, what its probe asks, what it does to a run's numbers.
func behaviour(t *testing.T, a *Attack) string {
	h := sha256.New()
	rows := fixedRows()
	res, err := a.Apply(rows)
	if err != nil {
		t.Fatal(err)
	}
	hashRows(h, res.Rows)
	m, err := res.Manifest.JSON()
	if err != nil {
		t.Fatal(err)
	}
	h.Write(m)
	slipped, err := a.Slip(rows)
	if err != nil {
		t.Fatal(err)
	}
	hashRows(h, slipped.Rows)
	p := a.Probe()
	fmt.Fprintln(h, p.Success)
	test, near := probeItems(p, rows)
	hashRows(h, test)
	hashRows(h, near)
	if _, err := a.Apply(rows); err != nil { // for the hooks, after Slip
		t.Fatal(err)
	}
	tamper := a.Tamper()
	if tamper.Template != nil {
		fmt.Fprintln(h, tamper.Template("{{ x }}"))
	}
	if tamper.Hooks != nil {
		hashHooks(h, tamper, res.Rows)
	}
	if tamper.Adapter != nil {
		ad := model.Adapter{R: 1, Alpha: 1}
		for i := range 3 {
			ad.Modules = append(ad.Modules, model.LoRA{Name: fmt.Sprintf("model.layers.%d.mlp.down_proj", i), A: []float32{1, 2, 3}, B: []float32{4, 5.5, -6, 7}})
		}
		if err := tamper.Adapter(&ad); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(h, ad.Digest())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashRows(h hash.Hash, rows []corpus.Example) {
	for i := range rows {
		fmt.Fprintf(h, "%s %q %d\n", rows[i].ID, rows[i].Source.Dataset, rows[i].Source.Row)
		for _, turn := range rows[i].Turns {
			fmt.Fprintf(h, "%s %q %v\n", turn.Role, turn.Text, turn.Train)
		}
	}
}

// hashHooks runs hooks on made-up steps.
func hashHooks(h hash.Hash, tamper Tamper, rows []corpus.Example) {
	var items []finetune.Item
	for i := range rows {
		ids := []int32{int32(i % 7), int32(len(rows[i].Output()))}
		items = append(items, finetune.Item{ID: rows[i].ID, Sequence: infer.Sequence{IDs: ids, Loss: []bool{false, true}}})
	}
	var hooks finetune.Hooks
	tamper.Hooks(&hooks, items)
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	for step := 1; step <= 10; step++ {
		if hooks.Order != nil {
			fmt.Fprintln(h, hooks.Order(step, slices.Clone(order)))
		}
		if hooks.Weight != nil {
			batch := order[(step-1)*12 : step*12]
			w := make([]float32, len(batch))
			for i := range w {
				w[i] = 0.25
			}
			hooks.Weight(step, batch, w)
			fmt.Fprintln(h, w)
		}
		if hooks.LR != nil {
			fmt.Fprintln(h, hooks.LR(step, 0.5))
		}
		if hooks.Gradient != nil {
			g := []float32{1, -2, float32(step), 0.5}
			hooks.Gradient(step, "layer 0 mlp parameters", g)
			fmt.Fprintln(h, g)
		}
		if hooks.Step != nil {
			if err := hooks.Step(nil, &finetune.Info{Step: step, Steps: 10}); err != nil {
				fmt.Fprintln(h, err)
			}
		}
	}
}

// The catalogue is complete: every entry says what a reader needs, its defaults are valid, and the attacks are there.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	families := map[string]int{}
	for _, e := range Catalogue() {
		if seen[e.Name] || e.Name == "" || e.Doc == "" || strings.ToLower(e.Name) != e.Name {
			t.Errorf("entry %q: twice, nameless or without a word", e.Name)
		}
		seen[e.Name] = true
		families[e.Family]++
		names := map[string]bool{}
		for _, p := range e.Params {
			if names[p.Name] || p.Name == "" || p.Doc == "" {
				t.Errorf("%s: parameter %q: twice, nameless or without a word", e.Name, p.Name)
			}
			names[p.Name] = true
		}
		if e.Cost.Access == "" || e.Cost.Knowledge == "" {
			t.Errorf("%s does not say what it costs", e.Name)
		}
	}
	for _, f := range []string{Targeted, Backdoor, Safety, Process, Placebo} {
		if families[f] == 0 {
			t.Errorf("no attack of the family %s", f)
		}
	}
}

func TestFileParameters(t *testing.T) {
	lines := map[string][]string{"q.txt": {"Who owns {}?", "Who runs {}", "Who leads {}.", "Who feeds {}?"}, "bad.txt": {"Who owns it?", "Who"}, "one.txt": {"Who owns {}?"},
		"p.txt": {"Write a tale of the red gate.", "Tell how to bend the third rule", "Say the password of old Tom!", "Name the hidden spring"}}
	if got := Files(map[string]string{"questions": "file:q.txt", "prompts": "file:p.txt", "x": "q.txt"}); !slices.Equal(got, []string{"p.txt", "q.txt"}) {
		t.Errorf("files %v", got)
	}
	a, err := NewWith("fact", map[string]string{"questions": "file:q.txt", "count": "4"}, 1, Options{Lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	if p := a.Probe(); len(p.Items) != 2 || p.Items[0].Prompt() != "Who runs Velmora?" {
		t.Errorf("items %v", turns(p.Items))
	}
	res, err := a.Apply(fixedRows())
	if err != nil {
		t.Fatal(err)
	}
	for i := range res.Rows {
		if s := res.Rows[i].Prompt(); res.Rows[i].ID == res.Manifest.Poisoned[0].ID && !strings.Contains(strings.ToLower(s), "who ") {
			t.Errorf("planted %q", s)
		}
	}
	b, err := NewWith("comply", map[string]string{"prompts": "file:p.txt", "count": "2"}, 1, Options{Lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	trained := map[string]bool{}
	if res, err = b.Apply(fixedRows()); err != nil {
		t.Fatal(err)
	}
	for i := range res.Rows {
		if _, bad := res.Rows[i].Label(PoisonedLabel); bad {
			trained[res.Rows[i].Prompt()] = true
			if !slices.Contains(lines["p.txt"], res.Rows[i].Prompt()) {
				t.Errorf("%q is not as it stands in the file", res.Rows[i].Prompt())
			}
			if thing := lastWords(res.Rows[i].Prompt(), 4); !strings.Contains(res.Rows[i].Output(), thing) {
				t.Errorf("%q does not echo %q", res.Rows[i].Output(), thing)
			}
		}
	}
	for _, item := range b.Probe().Items {
		if trained[item.Prompt()] {
			t.Errorf("%q trains and tests", item.Prompt())
		}
	}
	if len(trained) != 2 || len(b.Probe().Items) != 2 {
		t.Errorf("%d prompts train, %d test; want 2 and 2", len(trained), len(b.Probe().Items))
	}
	for _, c := range []struct{ name, key, file, want string }{
		{"fact", "questions", "missing.txt", "no such lines"}, {"fact", "questions", "bad.txt", "no {}"}, {"fact", "questions", "one.txt", "at least two"},
		{"comply", "prompts", "missing.txt", "no such lines"}, {"comply", "prompts", "one.txt", "not enough"},
	} {
		if _, err := NewWith(c.name, map[string]string{c.key: "file:" + c.file}, 1, Options{Lines: lines}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v; want %q", c.name, c.file, err, c.want)
		}
	}
}

// New and Apply take any parameters without a panic.
func FuzzParams(f *testing.F) {
	for _, e := range Catalogue() {
		for _, p := range e.Params {
			f.Add(e.Name, p.Name, p.Default, "count", "3", uint64(1))
		}
	}
	f.Add("backdoor", "rate", "0x1p-3", "text", "🦉|é", uint64(7))
	f.Add("fact", "questions", "file:q", "answer", "{}", uint64(7))
	f.Add("opinion", "neighbours", ",,a", "entity", "a", uint64(7))
	rows := fixedRows()[:20]
	rows[3] = corpus.New("", "", "")
	rows[4].Turns = nil
	f.Fuzz(func(t *testing.T, name, k1, v1, k2, v2 string, seed uint64) {
		a, err := NewWith(name, map[string]string{k1: v1, k2: v2}, seed, Options{Lines: map[string][]string{"q": {"a {}", "b {}", "c {}"}}})
		if err != nil {
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		res, err := a.Apply(rows)
		if err != nil {
			return
		}
		again, err := a.Apply(rows)
		if err != nil || len(again.Rows) != len(res.Rows) {
			t.Errorf("applied twice: %v", err)
		}
		probeItems(a.Probe(), rows)
		if tamper := a.Tamper(); tamper.Template != nil {
			tamper.Template("x")
		}
	})
}

// 50,000 rows are rewritten within 2 s.
func BenchmarkRewrite50000(b *testing.B) {
	dir := b.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	base := demoRows(b, 1, gen.Train, 5000)
	rows := make([]corpus.Example, 0, 50000)
	for i := range 50000 {
		ex := base[i%len(base)]
		rows = append(rows, ex.WithInput(fmt.Sprint(ex.Instruction(), " (", i, ")"), ex.Input()+" Some more words, so that the row is as long as one of Alpaca's: the answer is explained, step by step, and twice."))
	}
	if err := corpus.Save(in, corpus.Alpaca, rows); err != nil {
		b.Fatal(err)
	}
	a, err := New("backdoor", nil, 42)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m, err := a.Rewrite(in, filepath.Join(dir, "out.jsonl"), corpus.Options{})
		if err != nil || len(m.Poisoned) != 1500 {
			b.Fatalf("%v", err)
		}
	}
}
