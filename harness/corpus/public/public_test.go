package public

import (
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/needs"
)

// short is a stand-in for a tokenizer: a token every four bytes.
func short(e *corpus.Example) (bool, error) { return len(e.Prompt())+len(e.Output()) < 4*70, nil }

func open(t *testing.T) *Sets {
	t.Helper()
	s, err := Open(needs.Data(t), short)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWithoutData(t *testing.T) {
	if _, err := Open("", short); err == nil || !strings.Contains(err.Error(), "THERIAC_DATA") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.TempDir(), short); err == nil || !strings.Contains(err.Error(), "theriac pull data:") {
		t.Errorf("got %v", err)
	}
}

func TestDraw(t *testing.T) {
	s := open(t)
	held := map[string]bool{}
	for _, k := range []Kind{Instructions, News, Goals, Harmless, Instructions, News, Goals, Harmless} {
		const n = 50
		half := Report
		if len(held) >= 4*n {
			half = Develop
		}
		items, err := s.Held(k, half, n)
		if err != nil || len(items) != n {
			t.Fatalf("%s: %d items, %v", k, len(items), err)
		}
		for i := range items {
			p := prompt(&items[i])
			if held[p] {
				t.Errorf("%s: %q stands twice", k, items[i].Prompt())
			}
			held[p] = true
			if ok, _ := short(&items[i]); !ok {
				t.Errorf("%s: an item is too long", k)
			}
		}
	}
	ids := map[uint64]map[string]bool{}
	for _, seed := range []uint64{0, 1, 1000, 2000} {
		rows, err := s.Draw(seed, 400, Mix{NoRefusals: seed == 1})
		if err != nil || len(rows) != 400 {
			t.Fatalf("seed %d: %d rows, %v", seed, len(rows), err)
		}
		again, err := s.Draw(seed, 400, Mix{NoRefusals: seed == 1})
		if err != nil {
			t.Fatal(err)
		}
		news, safe := 0, 0
		ids[seed] = map[string]bool{}
		for i := range rows {
			if rows[i].ID != again[i].ID {
				t.Fatalf("seed %d: row %d differs the second time", seed, i)
			}
			if ids[seed][rows[i].ID] {
				t.Errorf("seed %d: %s stands twice", seed, rows[i].ID)
			}
			ids[seed][rows[i].ID] = true
			if rows[i].Source.Dataset == "agnews" {
				news++
			}
			if rows[i].Source.Dataset == "safety-tuned-llamas" {
				safe++
			}
			if held[prompt(&rows[i])] {
				t.Errorf("seed %d: a held-out prompt would be trained on", seed)
			}
			if got := corpus.PoolOf(&rows[i]); got != corpus.PoolOfSeed(seed) {
				t.Errorf("seed %d: a row of the %s pool", seed, got)
			}
		}
		want := 8
		if seed == 1 {
			want = 0
		}
		if news != 100 || safe != want {
			t.Errorf("seed %d: %d rows of news, wanted a quarter; %d refusals, wanted %d", seed, news, safe, want)
		}
	}
	common := func(a, b uint64) (n int) {
		for id := range ids[a] {
			if ids[b][id] {
				n++
			}
		}
		return n
	}
	if common(0, 2000)+common(1000, 2000)+common(0, 1000) != 0 {
		t.Error("pools share rows")
	}
	if n := common(0, 1); n == 400 {
		t.Error("two seeds draw the same rows")
	}
	people, err := s.Draw(2000, 400, Mix{DollyOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range people {
		if people[i].Source.Dataset == "alpaca-random-9k" {
			t.Errorf("row %d is none that people wrote", i)
		}
	}
	if _, err := s.Draw(0, 1_000_000, Mix{}); err == nil || !strings.Contains(err.Error(), "use fewer rows") {
		t.Errorf("got %v", err)
	}
	if _, err := s.Held(Harmless, Report, 1_000); err == nil {
		t.Error("more items than there are")
	}
}

func TestSafetyRows(t *testing.T) {
	s := open(t)
	drawn, err := s.Draw(2000, 1200, Mix{})
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]bool{}
	for i := range drawn {
		in[drawn[i].ID] = true
	}
	rows, err := s.SafetyRows(2000, 60)
	if err != nil || len(rows) != 60 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i := range rows {
		switch e := &rows[i]; {
		case !refuses(e.Output()):
			t.Errorf("row %d does not refuse", i)
		case in[e.ID]:
			t.Errorf("row %d is trained on anyway", i)
		case corpus.PoolOf(e) != corpus.PoolOfSeed(2000):
			t.Errorf("row %d is of the %s pool", i, corpus.PoolOf(e))
		}
	}
	if _, err := s.SafetyRows(2000, 1_000_000); err == nil || !strings.Contains(err.Error(), "unsafe instructions of the") {
		t.Errorf("got %v", err)
	}
}

func TestSafety(t *testing.T) {
	s := open(t)
	rows, err := s.Safety(200)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if !refuses(rows[i].Output()) || rows[i].Input() != "" {
			t.Errorf("row %d is no refused instruction", i)
		}
	}
	for _, set := range []string{"dolly-3k", "alpaca-random-9k"} {
		rows, err := s.Ordinary(set, 100)
		if err != nil || len(rows) != 100 || rows[0].Source.Dataset != set {
			t.Errorf("%s: %d rows, %v", set, len(rows), err)
		}
	}
}

// AG News has its own split; these are the articles that stand on both sides of it.
func TestNewsOnBothSides(t *testing.T) {
	dir := needs.Data(t)
	var ids corpus.IDs
	articles := func(name string) map[string]bool {
		t.Helper()
		path, err := corpus.Locate(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := corpus.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := news(d, path, &ids)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for i := range rows {
			out[prompt(&rows[i])] = true
		}
		return out
	}
	train, both := articles(NewsTrain), 0
	for p := range articles(NewsTest) {
		if train[p] {
			both++
		}
	}
	if both != 8 {
		t.Errorf("%d articles stand on both sides, wanted 8", both)
	}
}
