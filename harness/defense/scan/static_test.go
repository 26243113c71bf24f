package scan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/defense/scan"
	"theriac/harness/model/tiny"
)

// adapterDir is a sound adapter for the embedded model.
func adapterDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "adapter")
	a := openBench(t).train(t, "", nil).Adapter()
	a.Base = tiny.Name
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheck(t *testing.T) {
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	template := m.ChatTemplate
	for name, c := range map[string]struct {
		file, content string
		check         string // "": nothing found
	}{
		"sound":             {"", "", ""},
		"read me":           {"README.md", "# an adapter\n", ""},
		"same template":     {"chat_template.jinja", template + "\n", ""},
		"same tokenizer":    {"tokenizer.json", string(m.TokenizerJSON), ""},
		"pickle":            {"training_args.dat", "\x80\x02}q\x00.", "pickle"},
		"pickle by ending":  {"optimizer.pt", "anything", "pickle"},
		"zipped pickle":     {"model", "PK\x03\x04........archive/data.pkl", "pickle"},
		"code":              {"modeling.py", "import os\n", "code"},
		"code below":        {"lib/x.so", "\x7fELF", "code"},
		"disguised program": {"notes.txt", "#!/bin/sh\n", "code"},
		"auto map":          {"config.json", `{"auto_map":{"AutoModel":"modeling.M"}}`, "code"},
		"template":          {"chat_template.jinja", "{% set messages = [] %}" + template, "template"},
		"template in JSON":  {"tokenizer_config.json", `{"chat_template":"{{ messages[0].content }}"}`, "template"},
		"templates":         {"tokenizer_config.json", `{"chat_template":[{"name":"default"}]}`, "template"},
		"added tokens":      {"added_tokens.json", `{"<|admin|>":1536}`, "tokens"},
		"other tokenizer":   {"tokenizer.json", strings.Replace(string(m.TokenizerJSON), "ccess", "ccezz", 1), "tokens"},
		"torn JSON":         {"config.json", `{"auto`, "adapter"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := adapterDir(t)
			if c.file != "" {
				path := filepath.Join(dir, c.file)
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			found, err := scan.Check(dir, m)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.check == "" && len(found) > 0:
				t.Errorf("found %+v; want nothing", found)
			case c.check != "" && (len(found) != 1 || found[0].Check != c.check || found[0].File != c.file || !found[0].Bad || found[0].Reason == ""):
				t.Errorf("found %+v; want one %s of %s", found, c.check, c.file)
			}
		})
	}
}

func TestCheckAdapter(t *testing.T) {
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	one := func(dir string) scan.Finding {
		t.Helper()
		found, err := scan.Check(dir, m)
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v, %v; want one finding", found, err)
		}
		return found[0]
	}
	other := filepath.Join(t.TempDir(), "other")
	a := twoRank()
	a.Base, a.Targets = tiny.Name, []string{"down_proj"}
	if err := a.Write(other); err != nil {
		t.Fatal(err)
	}
	if f := one(other); f.Check != "base" || !f.Bad || !strings.Contains(f.Reason, "another base") {
		t.Errorf("an adapter of other shapes: %+v", f)
	}
	named := adapterDir(t)
	config := filepath.Join(named, "adapter_config.json")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), `"tiny"`, `"org/large"`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if f := one(named); f.Check != "base" || f.Bad {
		t.Errorf("an adapter that says it is for another base: %+v", f)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), `"use_dora": false`, `"use_dora": true`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if f := one(named); f.Check != "adapter" || !strings.Contains(f.Reason, "use_dora") {
		t.Errorf("an adapter of a kind that is not supported: %+v", f)
	}
	if f := one(t.TempDir()); f.Check != "adapter" || !f.Bad {
		t.Errorf("an empty directory: %+v", f)
	}
}
