package public

import (
	"strings"

	"theriac/harness/corpus"
)

// instructions reads training rows.
func instructions(d corpus.Dataset, path string, ids *corpus.IDs) ([]corpus.Example, error) {
	set, err := corpus.Load(path, corpus.Options{Shape: d.Shape, IDs: ids})
	if err != nil {
		return nil, err
	}
	for i := range set.Examples {
		set.Examples[i].Source.Dataset = setOf(d)
	}
	return set.Examples, nil
}

// news reads articles with their topics.
func news(d corpus.Dataset, path string, ids *corpus.IDs) ([]corpus.Example, error) {
	return items(d, path, ids, func(it corpus.Item) corpus.Example {
		e := corpus.New(newsTask, it.Text, it.Label)
		e.Labels = []corpus.Label{{Key: "skill", Value: "news"}, {Key: "answer", Value: it.Label}}
		return e
	})
}

// requests reads prompts and puts a refusal behind them.
func requests(d corpus.Dataset, path string, ids *corpus.IDs) ([]corpus.Example, error) {
	return items(d, path, ids, func(it corpus.Item) corpus.Example { return corpus.New(it.Text, "", Refusal) })
}

func items(d corpus.Dataset, path string, ids *corpus.IDs, row func(corpus.Item) corpus.Example) ([]corpus.Example, error) {
	var out []corpus.Example
	for it, err := range corpus.Items(path, d.Layout) {
		if err != nil {
			return nil, err
		}
		e := row(it)
		e.ID = ids.Next(e.Turns)
		e.Source = corpus.Source{Dataset: setOf(d), Digest: d.SHA256, Row: len(out)}
		out = append(out, e)
	}
	return out, nil
}

// setOf is the set's name without the file's.
func setOf(d corpus.Dataset) string {
	name, _, _ := strings.Cut(d.Name, "/")
	return name
}
