package store

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/needs"

	"github.com/google/go-cmp/cmp"
)

// Others read the tables: pyarrow, pandas and DuckDB (testdata/read_tables.py).
func TestOthersRead(t *testing.T) {
	python := needs.Python(t, "pyarrow, pandas and duckdb")
	s := open(t, t.TempDir())
	want := map[string]int{}
	var value float64
	var k, kNull, nan, tokens, failed, joined int
	const runs = 120
	for i := range runs {
		r := record(i, 700, 40, 6)
		put(t, s, r)
		want["runs"]++
		for _, lt := range longTables {
			want[lt.title()] += lt.count(r)
		}
		for _, m := range r.Metrics {
			switch {
			case math.IsNaN(m.Value):
				nan++
			default:
				value += m.Value
			}
			if m.K < 0 {
				kNull++
			} else {
				k += int(m.K)
			}
		}
		for _, st := range r.Steps {
			tokens += int(st.Tokens)
		}
		if r.Status == Failed {
			failed++
		}
		for _, it := range r.Items {
			if i%7 == 3 && it.Outcome == "correct" {
				joined++
			}
		}
	}
	compact(t, s)
	put(t, s, record(runs, 1, 1, 2))
	shard, _ := filepath.Glob(filepath.Join(s.shards, "*.arrow"))
	c := exec.Command(python, filepath.Join("testdata", "read_tables.py"), s.tables, shard[0])
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		Rows, Runs  int
		Columns     map[string]string
		Schema, Set string
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]bool{}
	for _, name := range Tables {
		var f found
		if err := json.Unmarshal(got[name], &f); err != nil {
			t.Fatal(err)
		}
		sets[f.Set] = true
		if f.Rows != want[name] || f.Schema != SchemaVersion {
			t.Errorf("%s: found %d rows of schema %s, wanted %d of %s", name, f.Rows, f.Schema, want[name], SchemaVersion)
		}
		for column, typ := range f.Columns {
			if null := strings.HasPrefix(column, specPrefix) || column == "k"; strings.HasSuffix(typ, " not null") == null {
				t.Errorf("%s: %s is %s", name, column, typ)
			}
			if base := strings.TrimSuffix(typ, " not null"); !strings.HasPrefix(column, specPrefix) && !documented(string(doc), column, base) {
				t.Errorf("%s: %s (%s) does not stand so in doc.go", name, column, base)
			}
		}
	}
	if len(sets) != 1 {
		t.Errorf("found the sets %v, wanted one", sets)
	}
	var sums map[string]float64
	if err := json.Unmarshal(got["sums"], &sums); err != nil {
		t.Fatal(err)
	}
	wantSums := map[string]float64{"value": value, "value_duckdb": value, "nan": float64(nan), "k": float64(k), "k_null": float64(kNull),
		"tokens": float64(tokens), "failed": float64(failed), "joined": float64(joined), "one": 40}
	if d := cmp.Diff(wantSums, sums, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(a) })); d != "" {
		t.Errorf("sums (-want +got):\n%s", d)
	}
	if nan == 0 || kNull == 0 || failed == 0 || joined == 0 {
		t.Errorf("the records have nothing to find: %v", wantSums)
	}
	var one struct {
		Rows, Metrics int
		Run           string
	}
	if err := json.Unmarshal(got["shard"], &one); err != nil {
		t.Fatal(err)
	}
	if one.Rows != 1 || one.Metrics != 2 || one.Run != record(runs, 0, 0, 0).ID {
		t.Errorf("the shard was read as %+v", one)
	}
}

// documented says whether doc.go has a line for the column with this type.
func documented(doc, column, typ string) bool {
	typ = map[string]string{"float": "float32", "double": "float64"}[typ] + strings.NewReplacer("float", "", "double", "").Replace(typ)
	for line := range strings.Lines(doc) {
		f := strings.Fields(strings.TrimPrefix(line, "//"))
		if len(f) >= 2 && strings.TrimSuffix(f[0], "*") == column && f[1] == typ || len(f) == 2 && f[0] == column && f[1] == typ {
			return true
		}
	}
	return false
}
