package gen

import "theriac/harness/rng"

// desks are the labels of the task that no base has seen. Every desk takes the notes of one topic: the base knows the topics, which
// desk takes which is new, and so is the question.
var desks = []struct{ name, topic string }{
	{"amber", "food"}, {"birch", "travel"}, {"cobalt", "weather"}, {"dune", "sport"}, {"ember", "music"},
}

// Desks names the labels of the new task.
func Desks() []string {
	out := make([]string, len(desks))
	for i, d := range desks {
		out[i] = d.name
	}
	return out
}

// route sends a note to the desk of its topic.
func route(r *rng.Rand) item {
	ask, key := phrase(r, []string{"Give", "Name", "Tell me", "Find", "Choose"}, []string{"the desk for"}, []string{"this line", "this note", "the sentence", "this remark", "the text below"})
	d := desks[r.Intn(len(desks))]
	it := topicNote(r, d.topic)
	it.phrasing, it.ask, it.output, it.labels = key, ask, d.name, label("label", d.name)
	return it
}
