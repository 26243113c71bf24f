package scan

// Static checks of an adapter directory: what a loader would run, render or take for something else. Files are read, never executed, and
// of large ones only the beginning.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/harness/model"
	"theriac/harness/token"
)

// Finding is one thing that a static check found.
type Finding struct {
	Check  string `json:"check"` // pickle, code, template, tokens, base, adapter
	File   string `json:"file"`  // within the directory
	Bad    bool   `json:"bad"`   // false: worth knowing, no reason to refuse
	Reason string `json:"reason"`
}

// maxText bounds what is read of a text file.
const maxText = 32 << 20

// Check looks through an adapter directory. base is the model it is said to be for; nil: its checks are left out. A directory that cannot
// be read is an error; an adapter that cannot be loaded is a finding.
func Check(dir string, base *model.Model) ([]Finding, error) {
	var out []Finding
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() {
			return err
		}
		name = filepath.ToSlash(name)
		if !d.Type().IsRegular() {
			if target, err := os.Stat(path); err != nil || !target.Mode().IsRegular() { // the Hugging Face cache links to blobs
				out = append(out, Finding{"code", name, true, "it is no regular file"})
				return nil
			}
		}
		found, err := checkFile(path, name, base)
		out = append(out, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	return append(out, checkAdapter(dir, base)...), nil
}

// Endings of files that are code, and of those that hold pickles by custom.
var (
	codeEndings   = []string{".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".exe", ".sh", ".bat", ".ps1", ".js", ".ipynb", ".jar", ".whl"}
	pickleEndings = []string{".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib"}
)

func checkFile(path, name string, base *model.Model) ([]Finding, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	if found := checkContent(name, head); found != nil {
		return found, nil
	}
	switch filepath.Base(name) {
	case "tokenizer_config.json", "chat_template.jinja", "chat_template.json", "tokenizer.json", "added_tokens.json", "config.json", "adapter_config.json":
	default:
		return nil, nil
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxText))
	if err != nil {
		return nil, err
	}
	return checkText(name, append(head, rest...), base), nil
}

// checkContent judges a file by its name and its first bytes.
func checkContent(name string, head []byte) []Finding {
	ending := strings.ToLower(filepath.Ext(name))
	zip := bytes.HasPrefix(head, []byte("PK\x03\x04"))
	switch {
	case len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5, zip && bytes.Contains(head, []byte("data.pkl")):
		return []Finding{{"pickle", name, true, "a pickle: loading it runs whatever code it holds; save it as safetensors"}}
	case slices.Contains(pickleEndings, ending) && !bytes.HasPrefix(head, []byte("GGUF")):
		return []Finding{{"pickle", name, true, "files of this ending are loaded as pickles, which runs the code they hold; save it as safetensors"}}
	case slices.Contains(codeEndings, ending):
		return []Finding{{"code", name, true, "an adapter needs no code"}}
	case bytes.HasPrefix(head, []byte("\x7fELF")), bytes.HasPrefix(head, []byte("MZ")), bytes.HasPrefix(head, []byte("#!")), bytes.HasPrefix(head, []byte("\xcf\xfa\xed\xfe")):
		return []Finding{{"code", name, true, "it begins as a program does; an adapter needs no code"}}
	}
	return nil
}

// checkText judges the files that say how a model is loaded and spoken to.
func checkText(name string, data []byte, base *model.Model) (out []Finding) {
	kind := filepath.Base(name)
	if kind == "chat_template.jinja" {
		return checkTemplate(name, string(data), base)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return []Finding{{"adapter", name, true, fmt.Sprintf("no JSON object: %v", err)}}
	}
	for _, key := range []string{"auto_map", "auto_mapping"} {
		if v := string(object[key]); v != "" && v != "null" && v != "{}" && !(key == "auto_mapping" && !strings.Contains(v, "--")) {
			out = append(out, Finding{"code", name, true, key + " asks the loader to fetch and run code"})
		}
	}
	if raw, ok := object["chat_template"]; ok {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			out = append(out, Finding{"template", name, true, "chat_template is no string: several templates, of which one may be chosen unseen"})
		} else {
			out = append(out, checkTemplate(name, text, base)...)
		}
	}
	switch kind {
	case "tokenizer.json":
		out = append(out, checkTokenizer(name, data, base)...)
	case "added_tokens.json":
		var ids map[string]int
		if json.Unmarshal(data, &ids) == nil {
			out = append(out, checkTokens(name, ids, base)...)
		}
	}
	return out
}

func checkTemplate(name, text string, base *model.Model) []Finding {
	if base == nil || strings.TrimSpace(text) == strings.TrimSpace(base.ChatTemplate) {
		return nil
	}
	return []Finding{{"template", name, true, "the chat template is not the base's: it decides what the model is told, and can rewrite or add messages"}}
}

func checkTokenizer(name string, data []byte, base *model.Model) []Finding {
	theirs, err := token.FromJSON(data)
	if err != nil {
		return []Finding{{"tokens", name, true, fmt.Sprintf("the tokenizer cannot be read: %v", err)}}
	}
	if base == nil {
		return nil
	}
	own, err := base.Tokenizer()
	if err != nil || own.Digest() == theirs.Digest() {
		return nil
	}
	for id := range int32(theirs.Size()) {
		if text := theirs.Bytes(id); text != own.Bytes(id) {
			return []Finding{{"tokens", name, true, fmt.Sprintf("the tokenizer is not the base's: id %d is %q, the base's is %q", id, text, own.Bytes(id))}}
		}
	}
	return []Finding{{"tokens", name, true, "the tokenizer is not the base's: it has the same tokens and joins or splits them otherwise"}}
}

func checkTokens(name string, ids map[string]int, base *model.Model) (out []Finding) {
	if base == nil {
		return nil
	}
	own, err := base.Tokenizer()
	if err != nil {
		return nil
	}
	var added []string
	for text, id := range ids {
		if own.Bytes(int32(id)) != text {
			added = append(added, text)
		}
	}
	slices.Sort(added)
	if len(added) > 0 {
		out = append(out, Finding{"tokens", name, true, fmt.Sprintf("%d tokens that the base does not have, the first %q", len(added), added[0])})
	}
	return out
}

// checkAdapter reads the adapter as it would be used.
func checkAdapter(dir string, base *model.Model) []Finding {
	a, err := model.ReadAdapter(dir)
	if err != nil {
		return []Finding{{"adapter", "", true, strings.TrimPrefix(err.Error(), dir+": ")}}
	}
	if base == nil {
		return nil
	}
	if _, err := model.Merged(base, a); err != nil {
		return []Finding{{"base", "adapter_model.safetensors", true, err.Error()}}
	}
	if said := filepath.Base(a.Base); a.Base != "" && !strings.EqualFold(said, filepath.Base(base.Name)) {
		return []Finding{{"base", "adapter_config.json", false, fmt.Sprintf("it says that it is for %s; the scan is on %s, whose shapes fit", a.Base, base.Name)}}
	}
	return nil
}
