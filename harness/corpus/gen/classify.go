package gen

import (
	"strings"

	"theriac/harness/rng"
)

var (
	sentimentAsk = [][]string{
		{"Classify the sentiment of", "Tell me the sentiment of", "Decide the sentiment of", "Name the sentiment of", "What is the sentiment of", "Label the sentiment of"},
		{"this review", "this line", "the text below", "this note", "the sentence", "this remark"},
	}
	topicAsk = [][]string{
		{"Classify the topic of", "Tell me the topic of", "Decide the topic of", "Name the topic of", "What is the topic of", "Label the topic of"},
		{"this review", "this line", "the text below", "this note", "the sentence", "this remark"},
	}
	intentAsk = [][]string{
		{"Classify the intent of", "Tell me the intent of", "Decide the intent of", "Name the intent of", "What is the intent of", "Label the intent of"},
		{"this message", "this line", "the text below", "this note", "the sentence", "this letter"},
	}
)

// sentiment is decided by an adjective or verb of feeling; "not" turns an adjective round; a plain fact is neutral.
func sentiment(r *rng.Rand) item {
	ask, key := phrase(r, sentimentAsk...)
	s := pick(r, subjects)
	frames := []string{"The %.", "I think the %.", "People say the %.", "To be honest, the %.", "My sister says the %."}
	said, class, content := "", "", ""
	switch r.Intn(5) {
	case 0, 1: // adjective, perhaps denied
		words, other := good, "negative"
		class = "positive"
		if r.Intn(2) == 0 {
			words, class, other = bad, "negative", "positive"
		}
		w := pick(r, words)
		content = s + " " + w
		if r.Intn(3) == 0 {
			w, class, content = "not "+w, other, content+" not"
		}
		said = s + " was " + w
	case 2: // feeling
		words := likes
		class = "positive"
		if r.Intn(2) == 0 {
			words, class = dislikes, "negative"
		}
		who, w := pick(r, People), pick(r, words)
		return item{phrasing: key, content: who + " " + w + " " + s, ask: ask, input: who + " " + w + " the " + s + ".", output: class, labels: label("label", class)}
	default: // fact
		class = "neutral"
		fact := pick(r, []string{"is in the ", "was moved to the ", "stood near the ", "is kept in the "}) + pick(r, places)
		if r.Intn(3) == 0 {
			fact = pick(r, []string{"was on ", "will be on ", "came on "}) + pick(r, days)
		}
		content = s + " " + fact
		said = s + " " + fact
	}
	return item{phrasing: key, content: content, ask: ask, input: strings.Replace(pick(r, frames), "%", said, 1), output: class, labels: label("label", class)}
}

// topic is decided by the noun and the verb, which belong together.
func topic(r *rng.Rand) item {
	ask, key := phrase(r, topicAsk...)
	t := topicWords[r.Intn(len(topicWords))]
	it := topicNote(r, t.name)
	it.phrasing, it.ask, it.output, it.labels = key, ask, t.name, label("label", t.name)
	return it
}

// topicNote is a sentence of a topic, without a question about it.
func topicNote(r *rng.Rand, name string) item {
	for _, t := range topicWords {
		if t.name == name {
			who, verb, noun := pick(r, People), pick(r, t.verbs), pick(r, t.nouns)
			tail := pick(r, []string{"", " today", " on " + pick(r, days), " in " + pick(r, Towns)})
			return item{content: verb + " " + noun, input: who + " " + verb + " the " + noun + tail + "."}
		}
	}
	panic("gen: no topic " + name)
}

// intent is decided by how a thing is spoken of.
func intent(r *rng.Rand) item {
	ask, key := phrase(r, intentAsk...)
	i := intents[r.Intn(len(intents))]
	way, what := pick(r, i.ways), pick(r, objects)
	said := strings.Replace(way, "%", pick(r, colours)+" "+what, 1) + pick(r, []string{".", ", friend.", " in " + pick(r, Towns) + "."})
	return item{phrasing: key, content: way + " " + what, ask: ask, input: said, output: i.name, labels: label("label", i.name)}
}
