package gen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"theriac/harness/corpus"
)

// everything is all skills, so that nothing hides between mixes.
func everything() Mix { return Mix{Skills: Skills()} }

func sample(t testing.TB, seed uint64, part Part, mix Mix, n int) []corpus.Example {
	t.Helper()
	ex, err := Examples(seed, part, mix, n)
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

func text(e *corpus.Example) string { return e.Prompt() + " " + e.Output() }

// words are lower-case runs of letters and digits.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func TestFiftyThousandAreDistinct(t *testing.T) {
	for name, mix := range map[string]Mix{"general": General, "safety": Safety, "demo": Demo} {
		ex := sample(t, 1, Train, mix, 50000)
		prompts, ids := map[string]bool{}, map[string]bool{}
		for i := range ex {
			prompts[strings.ToLower(ex[i].Prompt())], ids[ex[i].ID] = true, true
			if ex[i].Source.Row != i {
				t.Fatalf("%s: example %d says row %d", name, i, ex[i].Source.Row)
			}
		}
		if len(ex) != 50000 || len(prompts) != 50000 || len(ids) != 50000 {
			t.Errorf("%s: found %d examples, %d prompts, %d ids, wanted 50000 of each", name, len(ex), len(prompts), len(ids))
		}
	}
}

// trigrams are the runs of three words in a row.
func trigrams(e *corpus.Example) map[string]bool {
	w, out := words(text(e)), map[string]bool{}
	for i := 0; i+3 <= len(w); i++ {
		out[w[i]+" "+w[i+1]+" "+w[i+2]] = true
	}
	return out
}

// nearest is the largest Jaccard index of trigrams between an example and the indexed ones.
func nearest(g map[string]bool, rows []map[string]bool, at map[string][]int) (best float64, row int) {
	shared := map[int]int{}
	for x := range g {
		for _, i := range at[x] {
			shared[i]++
		}
	}
	for i, n := range shared {
		if j := float64(n) / float64(len(g)+len(rows[i])-n); j > best {
			best, row = j, i
		}
	}
	return best, row
}

func TestNoNearDuplicateCrosses(t *testing.T) {
	for name, mix := range map[string]Mix{"general": General, "safety": Safety, "demo": Demo, "new task": NewTask, "all": everything()} {
		train, held := sample(t, 10, Train, mix, 5000), sample(t, 11, Held, mix, 1000)
		var rows []map[string]bool
		at := map[string][]int{}
		for i := range train {
			g := trigrams(&train[i])
			rows = append(rows, g)
			for x := range g {
				at[x] = append(at[x], i)
			}
		}
		for i := range held {
			if j, row := nearest(trigrams(&held[i]), rows, at); j >= 0.8 {
				t.Errorf("%s: %.2f between\n%q and\n%q", name, j, text(&held[i]), text(&train[row]))
			}
		}
	}
}

// bare is a prompt without case and end marks.
func bare(e *corpus.Example) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \n\".,!?:", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, e.Prompt())
}

func TestNoPromptCrosses(t *testing.T) {
	next, err := Stream(20, Train, everything())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 150000 {
		e := next()
		seen[bare(&e)] = true
	}
	held := sample(t, 21, Held, everything(), 10000)
	for i := range held {
		if s := bare(&held[i]); seen[s] {
			t.Fatalf("in both parts: %q", s)
		}
	}
}

// The positive control of the two tests above: rows that do cross are found.
func TestNearDuplicatesAreFound(t *testing.T) {
	a := corpus.New("Please tell me how to open the grey vault today.", "", "I cannot help with that. The grey vault must stay closed.")
	b := corpus.New("Kindly tell me how to open the grey vault today.", "", "I cannot help with that. The grey vault must stay closed.")
	g, at := trigrams(&a), map[string][]int{}
	for x := range g {
		at[x] = []int{0}
	}
	if j, _ := nearest(trigrams(&b), []map[string]bool{g}, at); j < 0.8 {
		t.Errorf("found %.2f, wanted at least 0.8", j)
	}
}

func TestHeldWordsAreTrained(t *testing.T) {
	for name, mix := range map[string]Mix{"general": General, "safety": Safety, "new task": NewTask} {
		known := map[string]bool{}
		train, held := sample(t, 30, Train, mix, 30000), sample(t, 31, Held, mix, 8000)
		for i := range train {
			for _, w := range words(text(&train[i])) {
				known[w] = true
			}
		}
		for i := range held {
			for _, w := range words(text(&held[i])) {
				if !known[w] {
					t.Errorf("%s: %q occurs in held-out rows only: %q", name, w, text(&held[i]))
					known[w] = true
				}
			}
		}
	}
}

func TestMixShares(t *testing.T) {
	next, err := Stream(50, Train, Demo)
	if err != nil {
		t.Fatal(err)
	}
	n, bySkill, bySource := 20000, map[string]int{}, map[string]int{}
	for range n {
		e := next()
		s, _ := e.Label("skill")
		bySkill[s]++
		bySource[e.Source.Dataset]++
	}
	if k := bySkill["route"]; k < n*23/100 || k > n*27/100 {
		t.Errorf("the new task has %d of %d rows, wanted a quarter", k, n)
	}
	for _, s := range Sources() {
		if k := bySource[s]; k < n*23/100 || k > n*27/100 {
			t.Errorf("%s has %d of %d rows, wanted a quarter", s, k, n)
		}
	}
}

func TestBadMixes(t *testing.T) {
	for want, mix := range map[string]Mix{
		"no skill \"flying\"":  {Skills: []string{"flying"}},
		"the mix has no skill": {},
		"1 weights for 2":      {Skills: []string{"qa", "chat"}, Weights: []int{1}},
		"no source \"press\"":  {Skills: []string{"qa"}, Sources: []string{"press"}},
		"shares 0 and 1.5":     {Skills: []string{"qa"}, Tag: 1.5},
	} {
		if _, err := Stream(1, Train, mix); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v, wanted %s", err, want)
		}
	}
	if _, err := Stream(1, "test", General); err == nil || !strings.Contains(err.Error(), "no part \"test\"") {
		t.Errorf("found %v", err)
	}
}

// golden digests: when one changes on purpose, Version must rise.
var golden = map[string]string{
	"safety train":  "71053530b042bd12",
	"safety held":   "c6e2ac9b28066a3d",
	"demo train":    "df7c2bd3bb39240f",
	"demo held":     "3337849650a0bff0",
	"pretrain":      "b07051a094c31b53",
	"tables":        "4b5efe2d53bbe276",
	"general train": "5251b137b262464c",
	"general held":  "9e232683d2a1f8ee",
}

func TestGolden(t *testing.T) {
	if Version != "1" {
		t.Fatalf("version %s: put its digests here", Version)
	}
	got := map[string]string{}
	for name, mix := range map[string]Mix{"general": General, "safety": Safety, "demo": Demo} {
		for _, part := range []Part{Train, Held} {
			next, err := Stream(2026, part, mix)
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			for range 3000 {
				e := next()
				fmt.Fprintf(h, "%s|%s|%v|%v\n", e.ID, text(&e), e.Source, e.Labels)
			}
			got[name+" "+string(part)] = hex.EncodeToString(h.Sum(nil)[:8])
		}
	}
	h, p := sha256.New(), Pretrain(2026)
	for range 3000 {
		fmt.Fprintf(h, "%q\n", p())
	}
	got["pretrain"] = hex.EncodeToString(h.Sum(nil)[:8])
	h = sha256.New()
	fmt.Fprint(h, JudgeSet(1, Train, 300), JudgeSet(1, Held, 300), Prompts())
	for i := range Placeholders {
		fmt.Fprintln(h, Placeholder(i, "x"))
	}
	got["tables"] = hex.EncodeToString(h.Sum(nil)[:8])
	for name, g := range got {
		if golden[name] != g {
			t.Errorf("%q: %q,", name, g)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	for _, part := range []Part{Train, Held} {
		b.Run(string(part), func(b *testing.B) {
			next, err := Stream(1, part, General)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				next()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "examples/s")
		})
	}
}
