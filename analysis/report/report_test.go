package report

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"theriac/harness/store"
)

func small() study {
	return study{seeds: 5, items: 60, steps: 20, metrics: 8, rate: ordinary}
}

// renderProfiles renders profiles together.
func renderProfiles(t *testing.T, root string, names ...string) []File {
	t.Helper()
	var in []*Input
	for _, p := range names {
		i, err := Load(root, p)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, i)
	}
	files, err := Render(in...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func renderAt(t *testing.T, root string) (string, []File) {
	t.Helper()
	files := renderProfiles(t, root, "demo")
	if files[0].Path != "REPORT.md" {
		t.Fatalf("the first file is %s", files[0].Path)
	}
	return string(files[0].Data), files
}

func render1(t *testing.T, s study) string {
	t.Helper()
	root := t.TempDir()
	s.write(t, root, "demo")
	text, _ := renderAt(t, root)
	return text
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the report lacks %q", p)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || strings.Contains(text, "<no value>") {
		t.Error("the report prints NaN, Inf or <no value>")
	}
}

func TestLint(t *testing.T) {
	if err := Lint(templateText); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"Success is 93 %.":                       `:1: "93"`,
		"a\nb\nIt doubles at seven rows.":        `:3: "seven"`,
		`{{"93 %"}}`:                             `:1: "93 %"`,
		`{{rate "a" "b" 12}}`:                    "the number 12",
		`{{printf "%d" 3}}`:                      `function "printf"`,
		"{{if has \"a\"}}{{else}}x 4{{end}}":     `"4"`,
		"see [part](#x) and 1,000 rows":          `"1,000"`,
		"{{rate":                                 "template.md",
		"{{define \"x\"}}5{{end}}":               `"5"`,
		"```\n12\n```\n\nafter a code block 13.": `:5: "13"`,
	} {
		err := Lint(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: found %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{"ED50 and ED90", "`theriac run --seeds 3`", `{{rate "poisoning" "25 rows" "asr"}}`, "LoRA, SHA-256"} {
		if err := Lint(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := render("It is 5.", &Input{Profile: "demo"}); err == nil {
		t.Error("a typed number was rendered")
	}
}

func TestOrdinary(t *testing.T) {
	s := small()
	text := render1(t, s)
	wants(t, text, "attack success exceeds that of the clean fine-tune", "ED50", "| backdoor: token (backdoor)", "not measured", "the fewest that could", "The arms of the headline claims have 5 seeds", "SHA-256", "Nothing: every stored run", "Without a stored run at this scale: process, persistence")
	s.verdicts, s.seeds = true, 12
	text = render1(t, s)
	wants(t, text, "shown in the family", " of 12, ", "Verdicts are stored for data validation (")
	if strings.Contains(text, "not in the family (") {
		t.Error("with twelve seeds a claim is still only alone")
	}
}

func TestMissing(t *testing.T) {
	s := small()
	s.skip = func(e, a string, seed int) bool {
		return e == "safety" || e == "placebo" && a == "shuffled" || e == "poisoning" && seed > 2 && a == "50 rows" || e == "backdoor" && a == "clean" && seed < 4
	}
	text := render1(t, s)
	wants(t, text, "safety: no stored runs", "cannot be compared with", "placebo has no arm shuffled", `"safety" has no stored runs: not measured`, "The arms of the headline claims have 1 to 5 seeds", "*Not drawn (refusals): no stored run has what it shows.*")
	// Nothing but one experiment, nothing but one arm.
	s.skip = func(e, a string, seed int) bool { return e != "baseline" || a != "clean" }
	text = render1(t, s)
	wants(t, text, "backdoor has no stored runs", "No curve could be fitted", "ED50 not measured", "not tested")
}

func TestOneSeed(t *testing.T) {
	s := small()
	s.seeds = 1
	text := render1(t, s)
	wants(t, text, "The arms of the headline claims have a single seed", "†", "is not shown to exceed", "is not shown to be non-inferior", "a single seed")
}

func TestAllAlike(t *testing.T) {
	for _, p := range []float64{0, 1} {
		s := small()
		s.rate = func(e, a, m string) float64 { return p }
		text := render1(t, s)
		want := []string{"exact (Clopper-Pearson) bound over pooled items", "is not shown to exceed"}
		if p == 0 {
			want = append(want, "(0 of 50 items; exact bound over pooled items 7.1 %)", "≤ 7.1")
		} else {
			want = append(want, "(50 of 50 items; exact bound over pooled items 92.9 %)", "≥ 92.9")
		}
		wants(t, text, want...)
	}
}

func TestFailed(t *testing.T) {
	s := small()
	s.fail = func(e, a string, seed int) bool {
		return e == "backdoor" && a == "token" || e == "safety" && seed == 1 || e == "poisoning" && a == "6 rows"
	}
	text := render1(t, s)
	wants(t, text, "all 5 runs of token failed", "(5 failed)", "(1 failed)", `comply 25 at seed 2001 failed: loss is not a number at step 7 \| \*stop\*`)
}

// The same tables give the same bytes elsewhere, under another locale and time zone: in a process of its own.
func TestDeterministic(t *testing.T) {
	if root := os.Getenv("REPORT_CHILD"); root != "" {
		_, files := renderAt(t, root)
		if err := Write(root, files); err != nil {
			t.Fatal(err)
		}
		return
	}
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "another [path] with spaces")
	var out [2]map[string]string
	for i, root := range []string{a, b} {
		small().write(t, root, "demo")
		env := []string{"LC_ALL=C", "TZ=UTC"}
		if i == 1 {
			env = []string{"LC_ALL=ja_JP.UTF-8", "LANG=ja_JP.UTF-8", "TZ=Pacific/Kiritimati", "GOMAXPROCS=1"}
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestDeterministic$")
		cmd.Env = append(os.Environ(), append(env, "REPORT_CHILD="+root)...)
		if o, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, o)
		}
		out[i] = map[string]string{}
		for _, dir := range []string{"REPORT.md", "figures"} {
			err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				rel, _ := filepath.Rel(root, path)
				out[i][rel] = string(data)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(out[0]) < 10 || len(out[0]) != len(out[1]) {
		t.Fatalf("%d and %d files", len(out[0]), len(out[1]))
	}
	for name, data := range out[0] {
		if out[1][name] != data {
			t.Errorf("%s differs", name)
		}
	}
}

func TestCheck(t *testing.T) {
	root := t.TempDir()
	small().write(t, root, "demo")
	_, files := renderAt(t, root)
	expect := func(want string) {
		t.Helper()
		got, err := Check(root, files)
		if err != nil || !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("found %q, %v; want %q", got, err, want)
		}
	}
	expect("REPORT.md is missing")
	if err := Write(root, files); err != nil {
		t.Fatal(err)
	}
	expect("")
	change := func(name, data string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change("figures/demo/report/old.svg", "x")
	expect("figures/demo/report/old.svg is not made any more")
	change("figures/demo/report/dose.png", "x")
	expect("figures/demo/report/dose.png differs at byte 0")
	change("REPORT.md", strings.Replace(string(files[0].Data), "inert", "alive", 1))
	expect("REPORT.md differs at line ")
}

func TestBadInput(t *testing.T) {
	for _, profile := range []string{"", "../demo", ".runs", "none"} {
		if _, err := Load(t.TempDir(), profile); err == nil {
			t.Errorf("profile %q was loaded", profile)
		}
	}
	root := t.TempDir()
	small().write(t, root, "demo")
	path := filepath.Join(root, "results/demo/safety/metrics.parquet")
	if err := os.WriteFile(path, []byte("PAR1 and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(root, "demo"); err == nil || !strings.Contains(err.Error(), "safety") {
		t.Errorf("a torn table: %v", err)
	}
}

// Code references of the template resolve in this repository.
func TestCodeReferences(t *testing.T) {
	calls := regexp.MustCompile(`\{\{code "([^"]*)" "([^"]*)"\}\}`).FindAllStringSubmatch(templateText, -1)
	if len(calls) < 10 {
		t.Fatalf("%d references", len(calls))
	}
	for _, c := range calls {
		data, err := os.ReadFile(filepath.Join("..", "..", c[1]))
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if c[2] != "" && !regexp.MustCompile(`(?m)^(func|type|const|var) (\([^)]*\) )?`+regexp.QuoteMeta(c[2])+`\b`).Match(data) {
			t.Errorf("%s: %s declares no %s", c[0], c[1], c[2])
		}
	}
	for _, c := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(templateText, -1) {
		found := false
		for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(templateText, -1) {
			slug := regexp.MustCompile(`[^a-z -]`).ReplaceAllString(strings.ToLower(h[1]), "")
			found = found || strings.ReplaceAll(slug, " ", "-") == c[1]
		}
		if !found {
			t.Errorf("no heading for #%s", c[1])
		}
	}
}

// Runs that another implementation repeated stand beside theriac's.
func TestReplicationSection(t *testing.T) {
	root := t.TempDir()
	s := small()
	s.write(t, root, "demo")
	text, _ := renderAt(t, root)
	wants(t, text, "No run of this profile was repeated by another implementation")
	st, err := store.Open(filepath.Join(root, "results", "demo", "replication"), filepath.Join(root, "results", "demo", ".runs", "replication"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"theriac: token", "PEFT: token"} {
		for seed := range 3 {
			r := s.record("backdoor", [3]string{"token", "backdoor"}, seed)
			r.ID, r.Arm = fmt.Sprintf("%d.%d", i, seed), name
			if i == 1 {
				for j := range r.Items {
					if r.Items[j].Suite == "triggered" && j%7 == 0 {
						r.Items[j].Outcome = "neither"
					}
				}
			}
			if err := st.Put(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, _ = renderAt(t, root)
	wants(t, text, "| token | attack success  |     3 |", "of 30 (", "30 of 30 (100.0 %)", "the training losses of token differ by 0.000000 nats")
}

// A profile whose sweep has stored no table yet does not keep the others from being reported.
func TestProfilesWithTables(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"demo/backdoor", "smollm2/.runs/backdoor", ".tmp/x", "empty"} {
		if err := os.MkdirAll(filepath.Join(root, "results", filepath.FromSlash(dir)), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Profiles(root); err != nil || len(got) != 1 || got[0] != "demo" {
		t.Errorf("got %v, %v; want demo alone", got, err)
	}
}
