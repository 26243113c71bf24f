package corpus

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestQuoteIsPythons(t *testing.T) {
	data, err := os.ReadFile("testdata/quote.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][3]string
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		for i, ascii := range []bool{true, false} {
			if got := string(quote(c[0], ascii)); got != c[1+i] {
				t.Errorf("quote(%q, %v) = %s, Python writes %s", c[0], ascii, got, c[1+i])
			}
			if back, err := unquote([]byte(c[1+i])); err != nil || back != c[0] {
				t.Errorf("unquote(%s) = %q, %v", c[1+i], back, err)
			}
		}
	}
}

func TestUnquoteAgreesWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		raw, _ := json.Marshal(s)
		var want string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := unquote(raw); err != nil || got != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	})
	got, err := unquote([]byte(`"\/\u00e9\ud83d\ude00\b\f"`))
	if want := "/é😀\b\f"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestCheckJSON(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"a": 1}`, ""},
		{strings.Repeat("[", 1000) + strings.Repeat("]", 1000), ""},
		{strings.Repeat("[", 1001) + strings.Repeat("]", 1001), "nested deeper than 1000 levels"},
		{strings.Repeat("[", 1<<20), "malformed JSON"},
		{`["` + strings.Repeat("[", 2000) + `"]`, ""},
		{`{"a": }`, "malformed JSON at byte 7"},
		{"{\"a\": \"\x00\"}", "found a NUL byte at byte 7"},
		{"{\"a\": \"caf\xe9\"}", "found byte 0xe9 at byte 10, wanted UTF-8"},
		{"{\"a\": \"l\nm\"}", "malformed JSON"},
		{`{"a": NaN}`, "malformed JSON"},
	} {
		err := checkJSON([]byte(c.raw))
		if got := errText(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%.40q: got %q, want %q", c.raw, got, c.want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
