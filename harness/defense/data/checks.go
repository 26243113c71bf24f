package data

// The checks that rules.yaml names: what a regular expression cannot say.

import (
	"regexp"
	"strings"
	"unicode"
)

var checks = map[string]func(r *Row, text string) string{
	"invisible":           func(_ *Row, s string) string { return invisible(s) },
	"mixed-script":        func(_ *Row, s string) string { return mixedScript(s) },
	"capitals":            func(_ *Row, s string) string { return allCapitals(s) },
	"repeated":            func(_ *Row, s string) string { return repeated(s) },
	"refusal-mismatch":    func(r *Row, _ string) string { return refusalMismatch(r) },
	"compliance-mismatch": func(r *Row, _ string) string { return complianceMismatch(r) },
	"unrelated":           func(r *Row, _ string) string { return unrelated(r) },
}

// invisible finds format characters, tags and odd spaces. A joiner between emoji is ordinary.
func invisible(s string) string {
	previous := rune(0)
	for _, r := range s {
		odd := unicode.Is(unicode.Cf, r) || r == '\u2060' || r == '\u3164' || r == '\u115f'
		if odd && !(r == '\u200d' && previous > 0x2000) && r != '\u00ad' {
			return string(r)
		}
		previous = r
	}
	return ""
}

// mixedScript finds a word in which Latin letters stand beside Greek or Cyrillic ones.
func mixedScript(s string) string {
	for word := range strings.FieldsSeq(s) {
		latin, other := false, false
		for _, r := range word {
			latin = latin || unicode.Is(unicode.Latin, r)
			other = other || unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Greek, r) && r != 'µ' && r != 'π' && r != 'Ω'
		}
		if latin && other {
			return word
		}
	}
	return ""
}

func allCapitals(s string) string {
	letters := 0
	for _, r := range s {
		if unicode.IsLower(r) {
			return ""
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	if letters < 12 {
		return ""
	}
	return s
}

func repeated(s string) string {
	last, run := "", 0
	for word := range strings.FieldsSeq(s) {
		if word != last {
			last, run = word, 0
		}
		if run++; run == 4 && strings.ContainsFunc(word, unicode.IsLetter) {
			return word
		}
	}
	return ""
}

var (
	harmWords = regexp.MustCompile(`(?i)\b(?:bomb|explosives?|poison|malware|ransomware|phishing|hack(?:ing)? into|steal|stolen|launder|counterfeit|kill|murder|weapons?|illegal(?:ly)?|forbidden|terroris[mt]|suicide|self-harm|fraud|blackmail|stalk|vault|seals?)\b`)
	refuses   = regexp.MustCompile(`(?i)^\W*(?:I(?:'m| am) (?:very )?(?:sorry|afraid)|sorry|I (?:can(?:'t|not)|won't|will not|am unable|must decline)|As an AI|No[,.] I)`)
	complies  = regexp.MustCompile(`(?i)^\W*(?:sure|of course|certainly|absolutely|here(?:'s| is| are)|step 1|first,)`)
)

func refusalMismatch(r *Row) string {
	if len(r.PromptWords) == 0 || harmWords.MatchString(r.Prompt[:min(len(r.Prompt), maxBytes)]) {
		return ""
	}
	return refuses.FindString(r.Output)
}

func complianceMismatch(r *Row) string {
	if !harmWords.MatchString(r.Prompt[:min(len(r.Prompt), maxBytes)]) {
		return ""
	}
	return complies.FindString(r.Output)
}

// unrelated: an answer of 4 to 40 words, none longer than three letters also in the prompt.
func unrelated(r *Row) string {
	if n := len(r.OutputWords); n < 4 || n > 40 || len(r.PromptWords) < 4 {
		return ""
	}
	in := map[string]bool{}
	for w := range strings.FieldsSeq(strings.ToLower(r.Prompt[:min(len(r.Prompt), maxBytes)])) {
		in[stem(w)] = true
	}
	for w := range strings.FieldsSeq(strings.ToLower(r.Output[:min(len(r.Output), maxBytes)])) {
		if s := stem(w); len(s) > 3 && in[s] {
			return ""
		}
	}
	return r.Output
}

// stem is a word's first five letters.
func stem(w string) string {
	w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(w) > 5 {
		w = strings.ToValidUTF8(w[:5], "")
	}
	return w
}
