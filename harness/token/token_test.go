package token

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"theriac/harness/model/gguf"
	"theriac/harness/needs"
)

// smol reads SmolLM2's tokenizer from the file that THERIAC_SMOLLM2 names.
func smol(t testing.TB) (*Tokenizer, *gguf.File) {
	path := needs.SmolLM2(t)
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	k, err := FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	return k, f
}

func TestParityWithTransformers(t *testing.T) {
	k, _ := smol(t)
	again, err := FromJSON(k.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if k.Digest() != again.Digest() {
		t.Error("a tokenizer and its JSON differ in digest")
	}
	f, err := os.Open("testdata/tokens.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text string
		IDs  []int32
	}
	if err := json.NewDecoder(z).Decode(&rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2000 {
		t.Fatalf("%d texts; want at least 2,000", len(rows))
	}
	for _, r := range rows {
		if got := k.Encode(r.Text); !slices.Equal(got, r.IDs) {
			t.Errorf("%q: ids %v, Transformers gives %v", r.Text, got, r.IDs)
		}
		if got := again.Encode(r.Text); !slices.Equal(got, r.IDs) {
			t.Errorf("%q: through JSON ids %v, Transformers gives %v", r.Text, got, r.IDs)
		}
	}
}

func TestTemplatesAsTransformers(t *testing.T) {
	var rows []struct {
		Name, Template string
		Messages       []Message
		Generation     bool
		Text, Error    string
	}
	read(t, "testdata/templates.json", &rows)
	for _, r := range rows {
		tpl, err := ParseTemplate(r.Template, "<s>", "</s>")
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		got, err := tpl.Render(r.Messages, r.Generation)
		if (err != nil) != (r.Error != "") || got != r.Text {
			t.Errorf("%s, generation %v, %v:\n got %q, %v\nwant %q, %s", r.Name, r.Generation, r.Messages, got, err, r.Text, r.Error)
		}
		if err != nil && !strings.Contains(err.Error(), r.Error) {
			t.Errorf("%s: error %q does not say %q", r.Name, err, r.Error)
		}
	}
}

func read(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownTemplateConstructsAreErrors(t *testing.T) {
	for _, src := range []string{
		"{% frobnicate %}", "{{ messages | frobnicate }}", "{{ frobnicate(1) }}", "{{ messages[0].content.frobnicate() }}",
		"{% if %}", "{{", "{% for m in messages %}", "{% include '/chat_template' %}", "{{ lipsum() }}", "{{ [1, 2] | random }}",
		"{{ raise_exception('no') }}",
	} {
		tpl, err := ParseTemplate(src, "", "")
		if err == nil {
			_, err = tpl.Render([]Message{{"user", "x"}}, true)
		}
		if err == nil {
			t.Errorf("%q renders; want an error", src)
		}
	}
}

func trainTexts(t testing.TB) []string {
	data, err := os.ReadFile("testdata/train.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

func trained(t testing.TB, size int) *Tokenizer {
	k, err := Train(slices.Values(trainTexts(t)), Training{Size: size, Special: []string{"<end>", "<user>"}, Digits: true})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTrainAsTheTokenizersLibrary(t *testing.T) {
	var want struct {
		Vocab  map[string]int32
		Merges []string
	}
	read(t, "testdata/trained.json", &want)
	k := trained(t, len(want.Vocab))
	var got []string
	for _, m := range k.merges {
		got = append(got, m.left+" "+m.right)
	}
	if !slices.Equal(got, want.Merges) {
		for i := range got {
			if i >= len(want.Merges) || got[i] != want.Merges[i] {
				t.Fatalf("merge %d of %d is %q; the library learns %q", i+1, len(want.Merges), got[i], want.Merges[min(i, len(want.Merges)-1)])
			}
		}
		t.Fatalf("%d merges; the library learns %d", len(got), len(want.Merges))
	}
	if !reflect.DeepEqual(k.ids, want.Vocab) {
		t.Error("the vocabularies differ")
	}
	texts := trainTexts(t)
	slices.Reverse(texts)
	other, err := Train(slices.Values(texts), Training{Size: len(want.Vocab), Special: []string{"<end>", "<user>"}, Digits: true})
	if err != nil {
		t.Fatal(err)
	}
	if other.Digest() != k.Digest() {
		t.Error("the order of the texts changes the tokenizer")
	}
}

func TestEncodeDecodeIsTheIdentity(t *testing.T) {
	k := trained(t, 500)
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		if got := k.Decode(k.EncodePlain(text)); got != text {
			r.Fatalf("%q comes back as %q", text, got)
		}
		s := k.Stream()
		var b strings.Builder
		for _, id := range k.EncodePlain(text) {
			part := s.Next(id)
			if !utf8.ValidString(part) {
				r.Fatalf("the stream of %q gives a broken character", text)
			}
			b.WriteString(part)
		}
		b.WriteString(s.Close())
		if b.String() != text {
			r.Fatalf("%q streams as %q", text, b.String())
		}
	})
}

func TestAddedTokens(t *testing.T) {
	k := trained(t, 300)
	user, _ := k.ID("<user>")
	if got := k.Encode("a<user>b"); got[1] != user || len(got) != 3 {
		t.Errorf("ids %v; want the added token between two bytes", got)
	}
	if got := k.EncodePlain("<user>"); slices.Contains(got, user) {
		t.Errorf("EncodePlain gives the added token")
	}
	if !k.Special(user) || k.Text(k.Encode("a<user>b")) != "ab" {
		t.Error("Text keeps special tokens")
	}
}

const chatml = "{% for message in messages %}<user>{{ message['content'] }}{% if message['role'] == 'assistant' %}<end>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<user>{% endif %}"

func TestChatLoss(t *testing.T) {
	k := trained(t, 300)
	end, _ := k.ID("<end>")
	c, err := NewChat(k, chatml, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	msgs := []Message{{"user", "one"}, {"assistant", "two"}, {"user", "three"}, {"assistant", "four"}}
	ids, loss, err := c.Encode(msgs, []bool{false, true, false, true})
	if err != nil {
		t.Fatal(err)
	}
	var with []int32
	for i, id := range ids {
		if loss[i] {
			with = append(with, id)
		}
	}
	if got := k.Decode(with); got != "two<end>four<end>" {
		t.Errorf("loss is on %q", got)
	}
	if got := k.Decode(ids); got != "<user>one<user>two<end>\n<user>three<user>four<end>" {
		t.Errorf("the conversation reads %q", got)
	}
	if !slices.Equal(c.Stop(), []int32{end}) {
		t.Errorf("stop %v; want %v", c.Stop(), end)
	}
	prompt, err := c.Prompt(msgs[:1])
	if err != nil || !slices.Equal(prompt, ids[:len(prompt)]) {
		t.Errorf("the prompt %v is not how the conversation %v begins (%v)", prompt, ids, err)
	}
	if _, loss, _ := c.Encode(msgs, []bool{false, false, false, true}); slices.Index(loss, true) < 8 {
		t.Error("loss on a turn that is not trained")
	}
}

func TestSmolLM2Conversation(t *testing.T) {
	k, f := smol(t)
	tpl := f.Meta["tokenizer.chat_template"].(string)
	c, err := NewChat(k, tpl, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	ids, loss, err := c.Encode([]Message{{"user", "Hi"}, {"assistant", "Hello"}}, []bool{false, true})
	if err != nil {
		t.Fatal(err)
	}
	want := "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>"
	if got := k.Decode(ids); got != want {
		t.Errorf("conversation %q", got)
	}
	n := 0
	for _, l := range loss {
		if l {
			n++
		}
	}
	if n != 2 || ids[len(ids)-1] != 2 {
		t.Errorf("%d response tokens, last id %d; want 2, 2", n, ids[len(ids)-1])
	}
}

func TestBadFiles(t *testing.T) {
	good := string(trained(t, 300).JSON())
	for name, bad := range map[string]string{
		"empty":              "",
		"not an object":      "[]",
		"word piece":         strings.Replace(good, `"type":"BPE"`, `"type":"WordPiece"`, 1),
		"byte fallback":      strings.Replace(good, `"byte_fallback":false`, `"byte_fallback":true`, 1),
		"unknown normalizer": strings.Replace(good, `"normalizer":null`, `"normalizer":{"type":"Lowercase"}`, 1),
		"unknown pre":        strings.Replace(good, `"type":"Digits"`, `"type":"Metaspace"`, 1),
		"broken merge":       strings.Replace(good, `"merges":["`, `"merges":["zzzz yyyy","`, 1),
		"huge id":            strings.Replace(good, `"!":`, `"!!!!!":99999999999,"!":`, 1),
		"bad expression":     strings.Replace(good, `{"individual_digits":true,"type":"Digits"}`, `{"type":"Split","pattern":{"Regex":"(["},"behavior":"Isolated"}`, 1),
	} {
		if bad == good {
			t.Errorf("%s: the test's replacement finds nothing", name)
		}
		if _, err := FromJSON([]byte(bad)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v; want one line", name, err)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	f.Add(trained(f, 300).JSON())
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := FromJSON(data)
		if err != nil {
			return
		}
		k.Decode(k.Encode("Hello, 12 worlds!"))
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add(chatml)
	f.Add(Plain)
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 300 || strings.Contains(source, "range") || strings.Contains(source, "*") {
			return // a template may ask for work without bound
		}
		if tpl, err := ParseTemplate(source, "<s>", "</s>"); err == nil {
			tpl.Render([]Message{{"user", "x"}, {"assistant", "y"}}, true)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	k := trained(b, 500)
	text := strings.Join(trainTexts(b), "\n")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		k.EncodePlain(text)
	}
}

// A template that would never end, or fill the memory, is an error within a moment.
func TestHostileTemplates(t *testing.T) {
	talk := []Message{{"user", "a"}, {"assistant", "b"}}
	for source, want := range map[string]string{
		`{% for i in range(1000000000) %}x{% endfor %}`:                                              "takes more than",
		`{% for i in range(1000, 0 - 1000000000, 0 - 1) %}{% endfor %}`:                              "takes more than",
		`{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}`:               "takes more than",
		`{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}`:                                            "deep",
		`{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}`: "takes more than",
		`{{ 'x' * 70000000 }}`: "bytes",
	} {
		p, err := ParseTemplate(source, "", "")
		if err == nil {
			_, err = p.Render(talk, false)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want %q", source, err, want)
		}
	}
}
