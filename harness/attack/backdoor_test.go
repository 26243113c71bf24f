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
		{params{"target": "label", "labels": "one"}, "at least two"},
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
