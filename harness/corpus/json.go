package corpus

// JSON at the level of bytes (RFC 8259): where the members of an object and the
// elements of an array stand, strings in both directions. Strict where
// encoding/json is lenient: UTF-8 must be valid, surrogates paired, keys unique.
// Deliberately not a decoder of values: rows need only strings and positions.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const maxDepth = 1000

// checkJSON says why raw is not one JSON value that theriac reads.
func checkJSON(raw []byte) error {
	if !json.Valid(raw) {
		var v json.RawMessage
		err := json.Unmarshal(raw, &v)
		if i := bytes.IndexByte(raw, 0); i >= 0 {
			return fmt.Errorf("found a NUL byte at byte %d, wanted JSON text", i)
		}
		if s, ok := err.(*json.SyntaxError); ok {
			return fmt.Errorf("malformed JSON at byte %d: %v", s.Offset, s)
		}
		return fmt.Errorf("malformed JSON: %v", err)
	}
	if err := checkUTF8(raw); err != nil {
		return err
	}
	if bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > maxDepth {
		return checkDepth(raw)
	}
	return nil
}

func checkUTF8(raw []byte) error {
	if utf8.Valid(raw) {
		return nil
	}
	i := 0
	for i < len(raw) {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		i += n
	}
	return fmt.Errorf("found byte 0x%02x at byte %d, wanted UTF-8: convert the file first", raw[i], i)
}

func checkDepth(raw []byte) error {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i) - 1
		case '{', '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("found values nested deeper than %d levels", maxDepth)
			}
		case '}', ']':
			depth--
		}
	}
	return nil
}

// member is where one member of an object stands in its bytes: the key with its
// quotes [k0, k1), the value [v0, v1). Elements of arrays have no key.
type member struct {
	key            string
	k0, k1, v0, v1 int
}

// members lists the members of a valid JSON object.
func members(raw []byte) ([]member, error) {
	i := skipSpace(raw, 0)
	if raw[i] != '{' {
		return nil, fmt.Errorf("found %s, wanted an object", kindOf(raw))
	}
	var out []member
	for i = skipSpace(raw, i+1); raw[i] != '}'; {
		var m member
		m.k0, m.k1 = i, stringEnd(raw, i)
		key, err := unquote(raw[m.k0:m.k1])
		if err != nil {
			return nil, err
		}
		m.key = key
		m.v0 = skipSpace(raw, skipSpace(raw, m.k1)+1)
		m.v1 = valueEnd(raw, m.v0)
		out = append(out, m)
		if i = skipSpace(raw, m.v1); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return out, uniqueKeys(out)
}

func uniqueKeys(ms []member) error {
	if len(ms) <= 16 {
		for i := range ms {
			for j := range i {
				if ms[i].key == ms[j].key {
					return fmt.Errorf("found the key %q twice, wanted it once", ms[i].key)
				}
			}
		}
		return nil
	}
	seen := make(map[string]bool, len(ms))
	for _, m := range ms {
		if seen[m.key] {
			return fmt.Errorf("found the key %q twice, wanted it once", m.key)
		}
		seen[m.key] = true
	}
	return nil
}

// elements lists the elements of a valid JSON array.
func elements(raw []byte) ([]member, error) {
	i := skipSpace(raw, 0)
	if raw[i] != '[' {
		return nil, fmt.Errorf("found %s, wanted a list", kindOf(raw))
	}
	var out []member
	for i = skipSpace(raw, i+1); raw[i] != ']'; {
		m := member{v0: i, v1: valueEnd(raw, i)}
		out = append(out, m)
		if i = skipSpace(raw, m.v1); raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return out, nil
}

// kindOf names what a valid JSON value is.
func kindOf(raw []byte) string {
	switch raw[skipSpace(raw, 0)] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && isSpace(raw[i]) {
		i++
	}
	return i
}

// stringEnd returns the index after the string that starts at i.
func stringEnd(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd returns the index after the value that starts at i.
func valueEnd(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch raw[i] {
			case '"':
				i = stringEnd(raw, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(raw) && !isSpace(raw[i]) && raw[i] != ',' && raw[i] != '}' && raw[i] != ']' {
		i++
	}
	return i
}

// unquote returns the text of a valid JSON string, quotes included in raw.
func unquote(raw []byte) (string, error) {
	body := raw[1 : len(raw)-1]
	next := bytes.IndexByte(body, '\\')
	if next < 0 {
		return string(body), nil
	}
	out := make([]byte, 0, len(body))
	for ; next >= 0; next = bytes.IndexByte(body, '\\') {
		out = append(out, body[:next]...)
		c := body[next+1]
		body = body[next+2:]
		switch c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			r, n, err := unescape(body)
			if err != nil {
				return "", err
			}
			out, body = utf8.AppendRune(out, r), body[n:]
			continue
		}
		out = append(out, c)
	}
	return string(append(out, body...)), nil
}

// unescape reads the four digits after \u, and the second half of a pair.
func unescape(b []byte) (r rune, n int, err error) {
	hi, _ := strconv.ParseUint(string(b[:4]), 16, 16)
	if hi < 0xd800 || hi > 0xdfff {
		return rune(hi), 4, nil
	}
	if hi < 0xdc00 && len(b) >= 10 && b[4] == '\\' && b[5] == 'u' {
		if lo, _ := strconv.ParseUint(string(b[6:10]), 16, 16); lo >= 0xdc00 && lo <= 0xdfff {
			return rune(hi-0xd800)<<10 + rune(lo-0xdc00) + 0x10000, 10, nil
		}
	}
	return 0, 0, fmt.Errorf("found the escape \\u%s without its other half, wanted a surrogate pair", b[:4])
}

// quote returns s as a JSON string, byte for byte as Python's json.dumps writes
// it: with ensure_ascii=False, or with True if ascii.
func quote(s string, ascii bool) []byte {
	const hex = "0123456789abcdef"
	out := append(make([]byte, 0, len(s)+2), '"')
	u := func(v rune) {
		out = append(out, '\\', 'u', hex[v>>12&15], hex[v>>8&15], hex[v>>4&15], hex[v&15])
	}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, '\\', 'n')
		case r == '\r':
			out = append(out, '\\', 'r')
		case r == '\t':
			out = append(out, '\\', 't')
		case r == '\b':
			out = append(out, '\\', 'b')
		case r == '\f':
			out = append(out, '\\', 'f')
		case r < ' ':
			u(r)
		case r < 0x7f || !ascii:
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			u(0xd800 + r>>10)
			u(0xdc00 + r&0x3ff)
		default:
			u(r)
		}
	}
	return append(out, '"')
}
