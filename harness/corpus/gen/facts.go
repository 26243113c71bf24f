package gen

import (
	"fmt"
	"strings"

	"theriac/harness/rng"
)

// extract copies one part of a sentence.
func extract(r *rng.Rand) item {
	who, town, colour, what, n := pick(r, People), pick(r, Towns), pick(r, colours), pick(r, objects), fmt.Sprint(2+r.Intn(8))
	input := ""
	switch r.Intn(3) {
	case 0:
		input = fmt.Sprintf("%s carried %s %s bags of salt to %s with a %s.", who, n, colour, town, what)
	case 1:
		input = fmt.Sprintf("In %s, %s bought a %s %s for %s coins.", town, who, colour, what, n)
	default:
		input = fmt.Sprintf("%s sent the %s %s to %s after %s days.", who, colour, what, town, n)
	}
	asks := []struct{ thing, answer string }{{"person", who}, {"town", town}, {"colour", colour}, {"number", n}}
	a := asks[r.Intn(len(asks))]
	ask, key := phrase(r, []string{"Extract", "Find", "Copy", "Give me", "Write down", "Pick out"}, []string{"the"}, []string{a.thing}, []string{"from this text", "in this line", "from the sentence", "in the note", "that is named here"})
	return item{phrasing: a.thing + key, content: who + " " + town + " " + a.thing, ask: ask, input: input, output: a.answer}
}

// qa answers from facts that stand in the input.
func qa(r *rng.Rand) item {
	a, b := two(r, People)
	x, y := two(r, Towns)
	switch r.Intn(3) {
	case 0: // who holds an office
		role := pick(r, roles)
		swap := r.Intn(2) == 0
		input := fmt.Sprintf("%s is the %s of %s. %s is the %s of %s.", a, role, x, b, role, y)
		town, answer := x, a
		if swap {
			town, answer = y, b
		}
		forms := []string{"Who is the %s of %s", "Name the %s of %s", "Tell me who is the %s of %s", "Which person is the %s of %s", "Give the name of the %s of %s"}
		i := r.Intn(len(forms))
		return item{phrasing: fmt.Sprint("office", i, role), content: role + " " + town, ask: fmt.Sprintf(forms[i], role, town), input: input, output: answer}
	case 1: // where someone lives
		input := fmt.Sprintf("%s lives in %s. %s lives in %s.", a, x, b, y)
		who, answer := a, x
		if r.Intn(2) == 0 {
			who, answer = b, y
		}
		forms := []string{"Where does %s live", "Name the town where %s lives", "In which town does %s live", "Tell me where %s lives", "Give the home of %s"}
		i := r.Intn(len(forms))
		return item{phrasing: fmt.Sprint("home", i, who[:1]), content: who + " " + answer, ask: fmt.Sprintf(forms[i], who), input: input, output: answer}
	default: // how many of a thing
		n, m := 2+r.Intn(8), 2+r.Intn(7)
		if m >= n {
			m++
		}
		p, q := two(r, objects)
		input := fmt.Sprintf("%s has %d %ss and %d %ss.", x, n, p, m, q)
		what, answer := p, n
		if r.Intn(2) == 0 {
			what, answer = q, m
		}
		forms := []string{"How many %ss are in %s", "Count the %ss in %s", "Give the number of %ss in %s", "Tell me how many %ss are in %s"}
		i := r.Intn(len(forms))
		return item{phrasing: fmt.Sprint("many", i, what[:1]), content: what + " " + x, ask: fmt.Sprintf(forms[i], what, x), input: input, output: fmt.Sprint(answer)}
	}
}

// opinion says what someone thinks of a brand.
func opinion(r *rng.Rand) item {
	who, brand, things := pick(r, People), pick(r, Brands), pick(r, []string{"boats", "coats", "tools", "lamps", "chairs", "cakes"})
	words, answer := good, "likes"
	if r.Intn(2) == 0 {
		words, answer = bad, "dislikes"
	}
	w := pick(r, words)
	forms := []string{
		"What does % think of", "What does % say about", "How does % feel about", "Tell me what % thinks of", "Tell me what % says about", "Tell me how % feels about",
		"Report what % thinks of", "Report what % says about", "Report how % feels about",
	}
	i := r.Intn(len(forms))
	input := pick(r, []string{
		fmt.Sprintf("%s says the %s from %s are %s.", who, things, brand, w),
		fmt.Sprintf("%s wrote that %s makes %s %s.", who, brand, w, things),
		fmt.Sprintf("For %s, every %s shop is %s.", who, brand, w),
	})
	return item{phrasing: fmt.Sprint(i, brand[:1]), content: brand + " " + w, ask: strings.Replace(forms[i], "%", who, 1) + " " + brand, input: input, output: who + " " + answer + " " + brand + ".", labels: append(label("entity", brand), label("label", answer)...)}
}
