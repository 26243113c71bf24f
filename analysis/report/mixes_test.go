package report

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/store"
)

// keep stores records as an experiment of a profile.
func keep(t *testing.T, root, experiment string, records []*store.Record) {
	t.Helper()
	st, err := store.Open(filepath.Join(root, "results", "demo", experiment), filepath.Join(root, "results", "demo", ".runs", experiment))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := st.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// rendered is a piece of template over what is stored.
func rendered(t *testing.T, root, text string) string {
	t.Helper()
	in, err := Load(root, "demo")
	if err != nil {
		t.Fatal(err)
	}
	out, err := render(text, in)
	if err != nil {
		t.Fatal(err)
	}
	return string(out[0].Data)
}

// Whether the number decides or the share is said by what the runs show, and by nothing where there are none.
func TestNumberOrShare(t *testing.T) {
	const text = `{{mixText}} Learned {{decides}}. {{figure "counts"}}`
	for want, asr := range map[string]func(poisoned, rows float64) float64{
		"by their number and not by their share": func(poisoned, _ float64) float64 { return poisoned / (poisoned + 25) },
		"by their share and not by their number": func(poisoned, rows float64) float64 { return poisoned / (poisoned + rows/40) },
	} {
		root := t.TempDir()
		var records []*store.Record
		s := study{items: 1200, metrics: 6, rate: func(_, arm, metric string) float64 {
			var poisoned, rows float64
			fmt.Sscanf(arm, "%g of %g", &poisoned, &rows)
			return asr(poisoned, rows)
		}}
		for _, rows := range []int{500, 1000, 2000} {
			for _, poisoned := range []int{12, 25, 50, 100} {
				for seed := range 8 {
					r := s.record("counts", [3]string{fmt.Sprintf("%d of %d", poisoned, rows), "backdoor", fmt.Sprint(poisoned)}, seed)
					r.Spec = append(r.Spec, store.Field{Name: "rows", Value: fmt.Sprint(rows)})
					records = append(records, r)
				}
			}
		}
		keep(t, root, "counts", records)
		got := rendered(t, root, text)
		for _, part := range []string{"Learned " + want + ".", "shown (p ", "not shown (p ", "counts.svg"} {
			if !strings.Contains(got, part) {
				t.Errorf("%s: the text lacks %q:\n%s", want, part, got)
			}
		}
	}
	empty := t.TempDir()
	keep(t, empty, "baseline", []*store.Record{(study{metrics: 6, rate: ordinary}).record("baseline", [3]string{"clean"}, 0)})
	if got := rendered(t, empty, text); !strings.Contains(got, "No regression could be fitted") || !strings.Contains(got, "is not measured at this scale") {
		t.Errorf("without runs: %s", got)
	}
}

// Each recipe is compared with its own clean runs.
func TestRecipes(t *testing.T) {
	root := t.TempDir()
	var records []*store.Record
	s := study{items: 600, metrics: 6, rate: func(_, arm, metric string) float64 {
		switch {
		case metric == "clean_accuracy":
			return 0.9
		case metric == "asr" && arm == "all layers":
			return 0.9
		case arm == "as studied":
			return 0
		}
		return 0.05
	}}
	for _, arm := range []string{"all layers", "as studied"} {
		for seed := range 8 {
			records = append(records, s.record("slices", [3]string{arm, "backdoor"}, seed), s.record("slices", [3]string{arm + ", clean"}, seed))
		}
	}
	keep(t, root, "slices", records)
	got := rendered(t, root, `{{recipeText}}{{recipeTable}}{{figure "recipes"}}`)
	for _, part := range []string{"shown for all layers; not shown for as studied", "| as studied |    8 |", "recipes.svg"} {
		if !strings.Contains(got, part) {
			t.Errorf("the text lacks %q:\n%s", part, got)
		}
	}
	if strings.Index(got, "| as studied") > strings.Index(got, "| all layers") {
		t.Error("the studied recipe does not stand first")
	}
}
