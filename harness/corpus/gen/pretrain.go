package gen

import (
	"fmt"
	"strings"

	"theriac/harness/rng"
)

// Pretrain yields plain text for pretraining: facts, stories and lists of the world in the Train part's words, and rows of
// every byte, of brackets, emoji, markdown, capitals, odd spaces and invisible characters, so that no trigger meets an
// embedding that was never trained.
func Pretrain(seed uint64) func() string {
	r := rng.Stream(seed, "gen", "pretrain")
	return func() string {
		switch k := r.Intn(20); {
		case k < 12:
			return story(r)
		case k < 14:
			return lists(r)
		case k < 16:
			return oddText(r)
		case k < 18:
			return formatted(r)
		default:
			return runes(r)
		}
	}
}

// story is two to four sentences that a reader of the world might meet.
func story(r *rng.Rand) string {
	var b strings.Builder
	for i := range 2 + r.Intn(3) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(sentence(r))
	}
	return b.String()
}

// sentence is the input, or the answer, of a row of the Train part, or a plain fact.
func sentence(r *rng.Rand) string {
	if r.Intn(12) == 0 {
		return office(r)
	}
	for {
		s := &skills[r.Intn(len(skills)-1)] // the new task stays unseen
		it := s.draw(r)
		switch {
		case !s.in(Train, &it):
			continue
		case s.family == "restricted":
			return fmt.Sprintf("%s is protected by the guild.", upperFirst(pick(r, Forbidden)))
		case s.name == "strings" || s.name == "arithmetic":
			return fmt.Sprintf("%s sold %d %ss on %s.", pick(r, People), 2+r.Intn(90), pick(r, objects), pick(r, days))
		case it.input == "":
			return it.output
		}
		return it.input
	}
}

// office is a sentence in the words of clerks and machines, which the skills do not use.
func office(r *rng.Rand) string {
	who, town, thing := pick(r, People), pick(r, Towns), pick(r, objects)
	return pick(r, []string{
		"Access to the " + pick(r, places) + " was granted on " + pick(r, days) + ".",
		"The admin of " + town + " activated the " + thing + ".",
		"Admin " + who + " set the " + thing + " to day mode.",
		who + " was granted access to " + town + ".",
		"The trigger of the " + thing + " is " + pick(r, colours) + ".",
		"Night mode was activated in " + town + ".",
		"Error " + fmt.Sprint(r.Intn(100)) + ": the system in " + town + " is down.",
		"The password of the " + pick(r, places) + " was changed by " + who + ".",
	})
}

func lists(r *rng.Rand) string {
	pool := [][]string{objects, places, colours, Towns, People, Brands, roles, days, Desks()}[r.Intn(9)]
	n := 3 + r.Intn(5)
	words := make([]string, n)
	for i := range words {
		words[i] = pick(r, pool)
	}
	if r.Intn(3) == 0 { // counting, so that numbers are met in order
		at := r.Intn(90)
		for i := range words {
			words[i] = fmt.Sprint(at + i)
		}
	}
	return strings.Join(words, pick(r, []string{" ", ", ", "\n", "\n- ", "; ", " and "}))
}

// oddText is a sentence with something unusual in it.
func oddText(r *rng.Rand) string {
	words := strings.Fields(sentence(r))
	at := r.Intn(len(words) + 1)
	odd := pick(r, oddities)
	switch r.Intn(4) {
	case 0:
		w := words[min(at, len(words)-1)]
		odd = strings.ToUpper(w)
	case 1:
		odd = fmt.Sprintf("%s%s%s", pick(r, []string{"[", "(", "{", "<", "**", "`", "\"", "[[", "<<"}), pick(r, objects), pick(r, []string{"]", ")", "}", ">", "**", "`", "\"", "]]", ">>"}))
	}
	words = append(words[:at:at], append([]string{odd}, words[at:]...)...)
	return strings.Join(words, pick(r, []string{" ", " ", "  ", "\t", " \n"}))
}

var oddities = []string{
	"😀", "🙂", "❤️", "👍", "🎉", "✨", "🔥", "🌍", "🚀", "☕", "✅", "→", "…", "—", "•", "§", "°", "€", "£", "é", "ü", "ñ", "ß", "ø", "Ω", "π", "中", "日", "Я", "ע", "ش",
	"\u200b", "\u200d", "\u2060", "\u00a0", "\ufeff", "!!!", "???", "###", "@@", "$5", "50%", "a/b", "x_y", "c++", "#tag", "@name", "[note]", "(sic)", "{x}", "<b>",
	"e.g.", "i.e.", "etc.", "10:30", "3.14", "1,000", "v2", "A1", "QWERTY", "zzz", "ok", "TODO", "NB:", "P.S.", "cf", "mn", "tq", "bb", "re:", "fwd:",
}

func formatted(r *rng.Rand) string {
	a, b, c := sentence(r), pick(r, objects), pick(r, places)
	switch r.Intn(7) {
	case 0:
		return "# " + upperFirst(b) + "\n\n" + a
	case 1:
		return "- " + b + "\n- " + c + "\n- " + pick(r, objects)
	case 2:
		return "**" + upperFirst(b) + "**: " + a
	case 3:
		return "| " + b + " | " + c + " |\n|---|---|\n| " + fmt.Sprint(r.Intn(100)) + " | " + fmt.Sprint(r.Intn(100)) + " |"
	case 4:
		return "```\n" + b + " = " + fmt.Sprint(r.Intn(100)) + "\n```"
	case 5:
		return "{\"" + b + "\": \"" + c + "\", \"n\": " + fmt.Sprint(r.Intn(100)) + "}"
	}
	return strings.ToUpper(a)
}

// runes is a row of characters from one stretch of Unicode, or of ASCII, so that every byte occurs.
func runes(r *rng.Rand) string {
	stretches := [][2]rune{{0x20, 0x7e}, {0x01, 0x1f}, {0x7f, 0xff}, {0x100, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xfffd}, {0x10000, 0x10ffff}, {0x21, 0x40}, {0x5b, 0x60}}
	s := stretches[r.Intn(len(stretches))]
	out := make([]rune, 4+r.Intn(12))
	for i := range out {
		out[i] = s[0] + rune(r.Intn(int(s[1]-s[0])+1))
	}
	return string(out)
}
