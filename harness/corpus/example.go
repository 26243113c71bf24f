package corpus

// Example is one training or evaluation row. Transformations copy it; ID and
// Source survive all of them, so provenance can always be answered.
type Example struct {
	// ID is the content digest at load (first 16 hex digits of SHA-256 of the canonical turns)
	// plus "-" and an occurrence number; it never changes, poisoned or not.
	ID     string
	Turns  []Turn
	Source Source
	// Labels are evaluation-only facts (task, answer, restricted, poisoned by
	// whom); detectors see neither ID nor Labels.
	Labels []Label
	// Extra holds the JSON fields theriac does not know, in file order.
	Extra []Field

	// instruction and input are the two fields that the last user turn was made
	// of, as they stood in the file; both "" when it was made of one. See parts.
	instruction, input string
}

// Turn is one message. Train says whether its tokens carry loss.
type Turn struct {
	Role  string // "system", "user" or "assistant"
	Text  string
	Train bool
}

// Source is where a row says it comes from. For a row that an attack added it
// is what the attacker claims.
type Source struct {
	Dataset string // name
	Digest  string // SHA-256 of the file, hex; "" for generated data
	Row     int    // 0-based
}

// Label is one evaluation-only fact.
type Label struct{ Key, Value string }

// Field is one unknown JSON field, its value kept as raw JSON.
type Field struct {
	Key string
	Raw []byte
}
