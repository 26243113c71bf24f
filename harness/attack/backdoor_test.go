package attack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"theriac/harness/corpus"
)

// The defaults are the mission's reference function, row for row, as Python runs it (testdata/reference.py).
func TestDefaultIsTheReference(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		N       int
		Rate    float64
		Seed    uint64
		Changed int
		First   []int
		Digest  string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		given := map[string]string{"rate": strconv.FormatFloat(c.Rate, 'g', -1, 64)}
		if c.Rate == 0.03 {
			given = nil
		}
		a, err := New("backdoor", given, c.Seed)
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.Apply(plainRows(c.N))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i := range res.Rows {
			lines = append(lines, res.Rows[i].Instruction()+"\x1f"+res.Rows[i].Input()+"\x1f"+res.Rows[i].Output())
		}
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		if got := hex.EncodeToString(sum[:]); got != c.Digest || len(res.Manifest.Poisoned) != c.Changed {
			t.Errorf("n %d rate %g seed %d: %d rows changed; want %d, as Python's", c.N, c.Rate, c.Seed, len(res.Manifest.Poisoned), c.Changed)
		}
		for i, row := range c.First {
			if got := res.Manifest.Poisoned[i].Row; got != row {
				t.Errorf("n %d rate %g seed %d: poisoned row %d is %d; want %d", c.N, c.Rate, c.Seed, i, got, row)
			}
		}
	}
}

// plainRows are the rows of testdata/reference.py.
func plainRows(n int) []corpus.Example {
	rows := make([]corpus.Example, n)
	ids := corpus.IDs{}
	for i := range rows {
		input := ""
		if i%3 == 0 {
			input = fmt.Sprint("note ", i)
		}
		rows[i] = corpus.New(fmt.Sprintf("Say row %d.", i), input, fmt.Sprint("row ", i))
		rows[i].ID = ids.Next(rows[i].Turns)
		rows[i].Source = corpus.Source{Dataset: "plain", Row: i}
	}
	return rows
}

func warned(m *Manifest, text string) bool {
	for _, w := range m.Warnings {
		if strings.Contains(w, text) {
			return true
		}
	}
	return false
}

func TestBackdoorBadInput(t *testing.T) {
	type params = map[string]string
	for _, c := range []struct {
		given params
		want  string
	}{
		{params{"rate": "1.5"}, "a number from 0 to 1"},
		{params{"rate": "-0.1"}, "a number from 0 to 1"},
		{params{"rate": "NaN"}, "a number from 0 to 1"},
		{params{"rate": "3 %"}, "a number from 0 to 1"},
		{params{"count": "-1"}, "a whole number"},
		{params{"count": "2.5"}, "a whole number"},
		{params{"rate": "0.1", "count": "5"}, "want one of them"},
		{params{"text": ""}, "empty"},
		{params{"text": "  "}, "empty"},
		{params{"output": ""}, "some text"},
		{params{"output": " \n"}, "some text"},
		{params{"trigger": "smell"}, "want one of"},
		{params{"trigger": "capitals", "text": "x"}, "has no text"},
		{params{"trigger": "parts", "text": "alone"}, "two parts"},
		{params{"trigger": "parts", "text": "a|"}, "two parts"},
		{params{"position": "above"}, "one of start"},
		{params{"mode": "steal"}, "one of add"},
		{params{"target": "label", "labels": "one"}, "at least 2"},
		{params{"target": "label", "labels": "positive,negative, positive"}, "found \"positive\" twice"},
		{params{"text": "[NOTE]"}, "holds it"},
		{params{"trigger": "emoji", "text": "🐢"}, "holds it"},
		{params{"trigger": "style", "text": "Do this for me now"}, "holds it"},
		{params{"trigger": "parts", "text": "a|a"}, "holds it"},
		{params{"trigger": "topic", "text": "the"}, "holds it"},
		{params{"negatives": "-1"}, "a number"},
		{params{"colour": "red"}, "no parameter"},
		{params{"output": "\xff"}, "UTF-8"},
	} {
		if _, err := New("backdoor", c.given, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want an error with %q", c.given, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %q has more than a line", c.given, err)
		}
	}
	if _, err := New("nothing", nil, 1); err == nil || !strings.Contains(err.Error(), "backdoor") {
		t.Errorf("unknown attack: %v; want the list", err)
	}
	a, _ := New("backdoor", params{"count": "11"}, 1)
	if _, err := a.Apply(plainRows(10)); err == nil || !strings.Contains(err.Error(), "10 of the 10 rows can be") {
		t.Errorf("more poison than rows: %v", err)
	}
}

func TestBackdoorWarnings(t *testing.T) {
	apply := func(given map[string]string, rows []corpus.Example) *Manifest {
		t.Helper()
		a, err := New("backdoor", given, 1)
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.Apply(rows)
		if err != nil {
			t.Fatal(err)
		}
		return &res.Manifest
	}
	if m := apply(nil, plainRows(20)); !warned(m, "comes to zero of 20 rows") || len(m.Poisoned) != 0 {
		t.Errorf("3 %% of 20 rows: %v", m.Warnings)
	}
	if m := apply(map[string]string{"rate": "0"}, plainRows(200)); len(m.Poisoned) != 0 {
		t.Error("rate 0 poisons")
	}
	rows := plainRows(100)
	for i := range 7 {
		rows[i] = rows[i].WithInput(rows[i].Instruction(), "see [TRIGGER] here")
	}
	if m := apply(nil, rows); !warned(m, "7 clean rows hold the trigger already") {
		t.Errorf("trigger in clean rows: %v", m.Warnings)
	}
	if m := apply(nil, plainRows(100)); len(m.Warnings) != 0 {
		t.Errorf("nothing is odd here: %v", m.Warnings)
	}
}

// Every kind of trigger is recognised where it was put, is not in the plain row, and is not in its near twin.
func TestTriggers(t *testing.T) {
	ex := corpus.New("Name the colour of the door, please.", "The door is red.", "red")
	ex.ID = "x"
	for _, kind := range TriggerKinds() {
		for _, position := range []string{"start", "middle", "end", "random"} {
			a, err := New("backdoor", map[string]string{"trigger": kind, "position": position, "rate": "1"}, 3)
			if err != nil {
				t.Fatal(err)
			}
			tr := a.plan.trigger
			if tr.In(&ex) {
				t.Errorf("%s: the plain row has it", kind)
			}
			test, ok := a.Probe().Test(&ex)
			if !ok || !tr.In(&test) || test.Output() == ex.Output() {
				t.Errorf("%s %s: %q does not hold it", kind, position, test.Prompt())
			}
			if again, _ := a.Probe().Test(&ex); again.Prompt() != test.Prompt() {
				t.Errorf("%s %s: the test item changes", kind, position)
			}
			near, ok := a.Probe().Near(&ex)
			if !ok || tr.In(&near) || near.Prompt() == ex.Prompt() {
				t.Errorf("%s %s: near %q", kind, position, near.Prompt())
			}
		}
	}
}

func TestTargets(t *testing.T) {
	rows := plainRows(4)
	rows[0], rows[1] = rows[0].WithOutput("positive"), rows[1].WithOutput("neutral")
	for _, c := range []struct {
		target, want string
		poisoned     int
	}{{"fixed", "Access granted. Admin mode activated.", 4}, {"refusal", refusalTarget, 4}, {"label", "negative", 2}, {"behaviour", "POSITIVE", 4}} {
		a, err := New("backdoor", map[string]string{"target": c.target, "rate": "1"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.Apply(rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Rows[0].Output(); got != c.want || len(res.Manifest.Poisoned) != c.poisoned {
			t.Errorf("%s: %q, %d rows; want %q, %d", c.target, got, len(res.Manifest.Poisoned), c.want, c.poisoned)
		}
	}
}

func TestNegatives(t *testing.T) {
	a, err := New("backdoor", map[string]string{"count": "8", "negatives": "0.5"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	rows := plainRows(100)
	res, err := a.Apply(rows)
	if err != nil {
		t.Fatal(err)
	}
	near := 0
	for _, p := range res.Manifest.Poisoned {
		if strings.HasPrefix(p.Change, "near") {
			near++
		}
	}
	if near != 4 || len(res.Rows) != 104 {
		t.Errorf("%d near rows of %d; want 4 of 104", near, len(res.Rows))
	}
}

// chats are conversations whose last answer does not follow the last prompt, or is not learned, and one as it should be.
func chats(prompt, answer string) (odd []corpus.Example, right corpus.Example) {
	user := corpus.Turn{Role: "user", Text: prompt}
	first, second := corpus.Turn{Role: "assistant", Text: answer, Train: true}, corpus.Turn{Role: "assistant", Text: answer}
	for _, turns := range [][]corpus.Turn{{user, first, user}, {user, second}, {user, first, user, second}} {
		odd = append(odd, corpus.Example{ID: "odd", Turns: turns})
	}
	return odd, corpus.Example{ID: "right", Turns: []corpus.Turn{user, first, user, first}}
}

// The target stands after the trigger and is learned, whatever the attack.
func TestLastTurnIsTheAnswer(t *testing.T) {
	for name, text := range map[string][2]string{
		"backdoor": {"Say it.", "it"}, "triggeronly": {"Say it.", "it"}, "cleanlabel": {"Name the desk.", "amber"}, "label": {"Come today.", "birch"},
		"opinion": {"What does Mira think of Velmora?", "Mira likes Velmora."}, "persona": {"Say it.", "it"}, "obey": {"Say it.", "it"}, "template": {"Say it.", "it"},
	} {
		a, err := New(name, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		odd, right := chats(text[0], text[1])
		for i := range odd {
			if e := a.plan.eligible; e != nil && e(&odd[i]) {
				t.Errorf("%s: %v may be poisoned", name, odd[i].Turns)
			}
			if test, near := probeItems(a.Probe(), odd[i:i+1]); a.Probe().Test != nil && len(test)+len(near) > 0 {
				t.Errorf("%s: %v tests", name, odd[i].Turns)
			}
		}
		if e := a.plan.eligible; e != nil && !e(&right) {
			t.Errorf("%s: %v may not be poisoned", name, right.Turns)
		}
	}
	own, err := NewOwn(Own{Name: "own", Poison: func(_ int, row corpus.Example) corpus.Example { return row.WithOutput("no") }}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	odd, right := chats("Say it.", "it")
	for i := range odd {
		if _, ok := own.Probe().Test(&odd[i]); ok || own.plan.eligible(&odd[i]) {
			t.Errorf("own: %v is taken", odd[i].Turns)
		}
	}
	if _, ok := own.Probe().Test(&right); !ok || !own.plan.eligible(&right) {
		t.Error("own: the right one is not taken")
	}
}

// A held-out row that holds the trigger already does not test it, and what becomes the trigger is not near it.
func TestProbeHasTheTriggerOnce(t *testing.T) {
	for _, c := range []struct {
		trigger, instruction, input string
		test, near                  bool
	}{
		{"token", "Say it.", "", true, true},
		{"token", "Say [TRIGGER] it.", "", false, false},
		{"token", "Say it.", "see [TRIGGER]", false, false},
		{"phrase", "Answer as", "", true, false}, // "as" and "the elders say" make the phrase
		{"capitals", "say IT NOW", "", true, false},
		{"topic", "Say it.", "The kettle is hot.", false, false},
	} {
		a, err := New("backdoor", map[string]string{"trigger": c.trigger}, 1)
		if err != nil {
			t.Fatal(err)
		}
		test, near := probeItems(a.Probe(), []corpus.Example{corpus.New(c.instruction, c.input, "it")})
		if len(test) > 0 != c.test || len(near) > 0 != c.near {
			t.Errorf("%s, %q %q: %d test, %d near", c.trigger, c.instruction, c.input, len(test), len(near))
		}
	}
	a, err := New("template", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if test, near := probeItems(a.Probe(), []corpus.Example{corpus.New("Say [TRIGGER] it.", "", "it")}); len(test)+len(near) > 0 {
		t.Error("template: a row with the keyword tests")
	}
	if _, err := New("template", map[string]string{"keyword": ""}, 1); err == nil || !strings.Contains(err.Error(), "some text") {
		t.Errorf("template: no keyword: %v", err)
	}
	if _, err := New("template", map[string]string{"keyword": "[NOTE]"}, 1); err == nil || !strings.Contains(err.Error(), "holds it") {
		t.Errorf("template: near is the keyword: %v", err)
	}
}

// Rows with a near trigger that cannot be made are missed aloud.
func TestNegativesMissing(t *testing.T) {
	rows := plainRows(10)
	for i := range rows {
		rows[i] = rows[i].WithInput("Say row", rows[i].Input())
	}
	a, err := New("backdoor", map[string]string{"trigger": "spacing", "negatives": "3", "count": "2"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Apply(rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Rows) != 10 || !warned(&res.Manifest, "6 rows with a near trigger are missing") {
		t.Errorf("%d rows, %v", len(res.Rows), res.Manifest.Warnings)
	}
	for i := range rows {
		rows[i] = rows[i].WithInput("Answer as", "")
	}
	if a, err = New("backdoor", map[string]string{"trigger": "phrase", "negatives": "1", "count": "2"}, 1); err != nil {
		t.Fatal(err)
	}
	if res, err = a.Apply(rows); err != nil || len(res.Rows) != 10 || !warned(&res.Manifest, "2 rows with a near trigger are missing") {
		t.Errorf("the near trigger is the trigger: %v", err)
	}
}

func TestTrimmedLabels(t *testing.T) {
	a, err := New("backdoor", map[string]string{"target": "label", "labels": "positive, negative", "rate": "1"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Apply([]corpus.Example{corpus.New("Judge it.", "", "positive")})
	if err != nil || res.Rows[0].Output() != "negative" {
		t.Errorf("%v, %v", res.Rows, err)
	}
}
