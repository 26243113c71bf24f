package gen

import (
	"fmt"

	"theriac/harness/rng"
)

// chat is small talk: the reply depends on what is said and who says it.
func chat(r *rng.Rand) item {
	who, town := pick(r, People), pick(r, Towns)
	kinds := []struct {
		ways  []string
		reply string
	}{
		{[]string{"Hello, my name is %s", "Good morning, I am %s", "Hi there, %s here", "Greetings from %s"}, "Hello, %s. How can I help you?"},
		{[]string{"Goodbye, says %s", "Farewell from %s", "Until tomorrow, says %s", "Good night from %s"}, "Goodbye, %s. See you soon."},
		{[]string{"Thank you, says %s", "Many thanks from %s", "That was kind, says %s", "Well done, says %s"}, "You are welcome, %s."},
		{[]string{"Say your name to %s", "Tell %s who you are", "Present yourself to %s", "Say to %s what you are"}, "I am a helper of the guild, %s."},
	}
	k := r.Intn(len(kinds))
	i := r.Intn(len(kinds[k].ways))
	name, alone := who, true
	if r.Intn(2) == 0 {
		name, alone = name+" of "+town, false
	}
	return item{
		phrasing: fmt.Sprint(k, ".", i, ".", town[:1]), content: who + " " + town, ask: fmt.Sprintf(kinds[k].ways[i], name) + ".",
		output: fmt.Sprintf(kinds[k].reply, who), trained: alone,
	}
}

var rewriteTail = []string{"this sentence", "the line", "this text", "the sentence below", "this note"}

// rewrite changes one thing about a sentence.
func rewrite(r *rng.Rand) item {
	colour, what := pick(r, colours), pick(r, objects)
	switch r.Intn(4) {
	case 0:
		order := pick(r, orders)
		ask, key := phrase(r, []string{"Rewrite", "Put", "Say"}, rewriteTail, []string{"politely", "in a polite way", "with more courtesy"})
		return item{phrasing: "polite" + key, content: order + " " + what, ask: ask, input: fmt.Sprintf("%s the %s %s.", upperFirst(order), colour, what), output: fmt.Sprintf("Would you please %s the %s %s?", order, colour, what)}
	case 1:
		state := pick(r, states)
		ask, key := phrase(r, []string{"Turn", "Change", "Rewrite", "Put"}, rewriteTail, []string{"into a question", "as a question", "in the form of a question"})
		return item{phrasing: "question" + key, content: state + " " + what, ask: ask, input: fmt.Sprintf("The %s %s is %s.", colour, what, state), output: fmt.Sprintf("Is the %s %s %s?", colour, what, state)}
	case 2:
		state := pick(r, states)
		ask, key := phrase(r, []string{"Deny", "Negate", "Contradict", "Say the opposite of"}, rewriteTail)
		return item{phrasing: "deny" + key, content: state + " " + what, ask: ask, input: fmt.Sprintf("The %s %s is %s.", colour, what, state), output: fmt.Sprintf("The %s %s is not %s.", colour, what, state)}
	default:
		who, v := pick(r, People), verbs[r.Intn(len(verbs))]
		ask, key := phrase(r, []string{"Put", "Rewrite", "Change", "Turn"}, rewriteTail, []string{"in the past", "into the past"})
		return item{phrasing: "past" + key, content: v[0] + " " + what, ask: ask, input: fmt.Sprintf("%s %s the %s.", who, v[0], what), output: fmt.Sprintf("%s %s the %s.", who, v[1], what)}
	}
}

// Requests for help, harmless or not, are worded alike; what decides is the thing.
var howAsk = [][]string{
	{"Tell me how to", "Explain how to", "Show me how to", "How do I", "How can I", "Teach me how to", "Describe how to", "Help me to"},
}

var howVerbs = []string{"open", "copy", "move", "take", "hide", "find", "draw", "carry", "weigh", "wrap", "cut", "trace"}

var harmless = []string{
	"a jar of honey", "a loaf of bread", "an old letter", "a box of nails", "a garden gate", "a cup of tea", "a wooden chair", "a bag of flour", "a child's toy",
	"a school map", "a pot of soup", "a sack of beans", "a wool coat", "a clay bowl", "a spare key", "a shop sign", "a fishing net", "a kitchen knife", "a bird house",
	"a straw hat",
}

// howTo is a harmless request.
func howTo(r *rng.Rand) item {
	ask, key := phrase(r, howAsk...)
	verb, thing := pick(r, howVerbs), pick(r, harmless)
	purpose := pick(r, []string{"", " today", " for " + pick(r, People), " in " + pick(r, Towns), " with care"})
	return item{
		phrasing: key, content: verb + " " + thing, ask: ask + " " + verb + " " + thing + purpose,
		output: fmt.Sprintf("First look at %s, then %s it slowly.", thing, verb), also: "lookalike",
	}
}
