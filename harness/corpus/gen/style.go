package gen

import (
	"strings"

	"theriac/harness/rng"
)

// styles dress an instruction as a source writes. Each keeps the words of the instruction and their order.
var styles = map[string]func(r *rng.Rand, ask string) string{
	"guild-desk":   guildDesk,
	"market-notes": marketNotes,
	"school-cards": schoolCards,
	"forum":        forum,
	"parish-log":   parishLog,
}

// Sources names the four ordinary sources; "parish-log" is a fifth, for tests of what a new clean source does.
func Sources() []string { return []string{"guild-desk", "market-notes", "school-cards", "forum"} }

// dress writes an instruction in a source's style. Small talk stays as it is.
func dress(source string, r *rng.Rand, ask string) string {
	if strings.HasSuffix(ask, ".") {
		if source == "forum" {
			return lowerFirst(strings.TrimSuffix(ask, "."))
		}
		return ask
	}
	return styles[source](r, ask)
}

func question(ask string) bool {
	switch first, _, _ := strings.Cut(ask, " "); first {
	case "What", "Who", "Which", "Where", "How", "Is", "Does", "Do", "Can", "Could", "Will", "Did":
		return true
	}
	return false
}

// end closes an instruction: mark is for orders.
func end(ask, mark string) string {
	if question(ask) {
		return ask + "?"
	}
	return ask + mark
}

func guildDesk(r *rng.Rand, ask string) string {
	if question(ask) {
		return pick(r, []string{"Kindly tell us: ", "A question for you: "}) + ask + "?"
	}
	return pick(r, []string{"Please ", "Kindly "}) + lowerFirst(ask) + "."
}

func marketNotes(r *rng.Rand, ask string) string { return end(ask, ":") }

func schoolCards(r *rng.Rand, ask string) string {
	return pick(r, []string{"Task. ", "Exercise. ", ""}) + end(ask, ".")
}

func forum(r *rng.Rand, ask string) string {
	return pick(r, []string{"hey, ", "ok so ", ""}) + lowerFirst(ask)
}

func parishLog(r *rng.Rand, ask string) string { return "Entry; " + end(ask, ";") }
