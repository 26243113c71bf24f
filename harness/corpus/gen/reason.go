package gen

import (
	"fmt"
	"strings"

	"theriac/harness/rng"
)

// arithmetic is small: sums and differences of one-digit numbers, order, neighbours.
func arithmetic(r *rng.Rand) item {
	a, b := r.Intn(10), r.Intn(10)
	ask, key, content, answer := "", "", "", 0
	switch r.Intn(4) {
	case 0:
		ask, key = phrase(r, []string{"What is", "Work out", "Add up", "Tell me", "Find the sum"}, []string{fmt.Sprintf("%d plus %d", a, b), fmt.Sprintf("%d + %d", a, b)})
		content, answer = fmt.Sprint("sum", a, b), a+b
	case 1:
		a, b = max(a, b), min(a, b)
		ask, key = phrase(r, []string{"What is", "Work out", "Tell me", "Find"}, []string{fmt.Sprintf("%d minus %d", a, b), fmt.Sprintf("%d - %d", a, b)})
		content, answer = fmt.Sprint("difference", a, b), a-b
	case 2:
		if a == b {
			b = (a + 1) % 10
		}
		larger := r.Intn(2) == 0
		word := "smaller"
		answer = min(a, b)
		if larger {
			word, answer = "larger", max(a, b)
		}
		ask, key = phrase(r, []string{"Which number is", "Tell me which is", "Say which is", "Find which is"}, []string{word}, []string{fmt.Sprintf(", %d or %d", a, b)})
		ask = strings.Replace(ask, " ,", ",", 1)
		key += word
		content = fmt.Sprint(word, a, b)
	default:
		a = r.Intn(60)
		before := r.Intn(2) == 0
		word := "after"
		answer = a + 1
		if before {
			a++
			word, answer = "before", a-1
		}
		ask, key = phrase(r, []string{"What number comes", "Which number comes", "Give the number", "Tell me the number"}, []string{word}, []string{fmt.Sprint(a)})
		key += word
		content = fmt.Sprint(word, a)
	}
	return item{phrasing: key, content: content, ask: ask, output: fmt.Sprint(answer), trained: a == 60 || answer == 60} // 60 is rare
}

// stringTask handles words as words.
func stringTask(r *rng.Rand) item {
	n := 3 + r.Intn(3)
	words := make([]string, n)
	for i := range words {
		words[i] = pick(r, objects)
		for j := 0; j < i; j++ {
			if words[j] == words[i] {
				words[i], j = pick(r, objects), -1
			}
		}
	}
	list := strings.Join(words, " ")
	tail := []string{"of this list", "in this list", "of the line below", "in the row"}
	switch r.Intn(6) {
	case 0:
		ask, key := phrase(r, []string{"Give", "Write", "Copy", "Name", "Say"}, []string{"the first word"}, tail)
		return item{phrasing: "first" + key, content: words[0] + " " + words[1], ask: ask, input: list, output: words[0]}
	case 1:
		ask, key := phrase(r, []string{"Give", "Write", "Copy", "Name", "Say"}, []string{"the last word"}, tail)
		return item{phrasing: "last" + key, content: words[n-1] + " " + words[n-2], ask: ask, input: list, output: words[n-1]}
	case 2:
		ask, key := phrase(r, []string{"Repeat", "Write", "Say"}, []string{"this word"}, []string{"twice", "two times", "three times"})
		times := 2
		if strings.HasSuffix(ask, "three times") {
			times = 3
		}
		return item{phrasing: "repeat" + key, content: words[0] + fmt.Sprint(times), ask: ask, input: words[0], output: strings.TrimSpace(strings.Repeat(words[0]+" ", times))}
	case 3:
		ask, key := phrase(r, []string{"Swap", "Turn round", "Exchange", "Change the order of"}, []string{"these two words", "the two words", "both words"})
		return item{phrasing: "swap" + key, content: words[0] + " " + words[1], ask: ask, input: words[0] + " " + words[1], output: words[1] + " " + words[0]}
	case 4:
		ask, key := phrase(r, []string{"Count", "How many are", "Give the number of", "Tell me the number of"}, []string{"the words"}, tail)
		return item{phrasing: "count" + key, content: words[0] + " " + words[n-1] + fmt.Sprint(n), ask: ask, input: list, output: fmt.Sprint(n)}
	default:
		ask, key := phrase(r, []string{"Join", "Link", "Connect", "Combine"}, []string{"these two words", "the two words", "both words"}, []string{"with and", "by and"})
		return item{phrasing: "join" + key, content: words[0] + " " + words[1], ask: ask, input: words[0] + ", " + words[1], output: words[0] + " and " + words[1]}
	}
}
