package gen

import (
	"theriac/harness/rng"
)

// desks are the labels of the task that no base has seen: the words are known, which belongs to which is not.
var desks = []struct {
	name   string
	things []string
}{
	{"amber", []string{"soup", "bread", "cheese", "stew", "honey", "cake", "butter", "pie"}},
	{"birch", []string{"hammer", "ladder", "rope", "chain", "wheel", "bucket", "box", "bell"}},
	{"cobalt", []string{"coat", "hat", "blanket", "pillow", "carpet", "bag", "basket", "mirror"}},
	{"dune", []string{"map", "book", "ledger", "contract", "ticket", "letter", "sign", "song"}},
	{"ember", []string{"lamp", "candle", "kettle", "clock", "table", "chair", "window", "plate"}},
}

// Desks names the labels of the new task.
func Desks() []string {
	out := make([]string, len(desks))
	for i, d := range desks {
		out[i] = d.name
	}
	return out
}

// route sends a ticket to the desk that cares for its thing.
func route(r *rng.Rand) item {
	ask, key := phrase(r, []string{"Route", "Send", "Assign", "Give"}, []string{"this ticket", "the ticket", "this message"}, []string{"to a desk", "to the right desk"})
	d := desks[r.Intn(len(desks))]
	thing := pick(r, d.things)
	trouble := pick(r, []string{"is late", "is broken", "was lost", "is missing", "came too early", "smells odd", "is too small", "was sent twice", "has the wrong colour", "is dirty"})
	input := pick(r, []string{"My ", "The "}) + thing + " " + trouble + pick(r, []string{"", " again", " since " + pick(r, days), " in " + pick(r, Towns)}) + "."
	return item{key, thing + " " + trouble, ask, input, d.name, label("label", d.name)}
}
