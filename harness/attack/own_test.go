package attack_test

import (
	"fmt"
	"strings"
	"testing"

	"theriac/harness/attack"
	"theriac/harness/corpus"
)

// An attack of one's own: rows about odd days are answered in capitals.
func ExampleNewOwn() {
	a, err := attack.NewOwn(attack.Own{Name: "odd", Poison: func(k int, row corpus.Example) corpus.Example {
		if strings.ContainsAny(row.Output(), "13579") {
			return row.WithOutput(strings.ToUpper(row.Output()))
		}
		return row
	}}, map[string]string{"count": "2"}, 42)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := a.Apply(rows(10))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Manifest.Eligible, "rows can be chosen")
	for _, p := range res.Manifest.Poisoned {
		fmt.Println(res.Rows[p.Row].Output())
	}
	odd, even := rows(4)[3], rows(4)[2]
	item, ok := a.Probe().Test(&odd)
	_, other := a.Probe().Test(&even)
	fmt.Println(item.Output(), ok, other)
	// Output:
	// 5 rows can be chosen
	// DAY 1.
	// DAY 9.
	// DAY 3. true false
}

func TestOwnTrigger(t *testing.T) {
	tr := attack.OwnTrigger(func(s string) string {
		if s == "" {
			return s
		}
		return s + " quietly"
	}, nil)
	a, err := attack.NewWith("backdoor", map[string]string{"count": "3"}, 1, attack.Options{Trigger: tr})
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Apply(rows(10))
	if err != nil || len(res.Manifest.Poisoned) != 3 {
		t.Fatalf("%v, %d poisoned", err, len(res.Manifest.Poisoned))
	}
	for _, p := range res.Manifest.Poisoned {
		if ex := &res.Rows[p.Row]; !strings.HasSuffix(ex.Instruction(), " quietly") || !tr.In(ex) {
			t.Errorf("got %q", ex.Instruction())
		}
	}
	if _, err := attack.NewWith("backdoor", map[string]string{"text": "x"}, 1, attack.Options{Trigger: tr}); err == nil || !strings.Contains(err.Error(), "script's own") {
		t.Errorf("two triggers: got %v", err)
	}
	if _, err := attack.NewWith("comply", nil, 1, attack.Options{Trigger: tr}); err == nil || !strings.Contains(err.Error(), "no trigger") {
		t.Errorf("no place for a trigger: got %v", err)
	}
	if _, err := attack.NewOwn(attack.Own{Name: "x"}, nil, 1); err == nil {
		t.Error("an attack without a function is none")
	}
}

// A script's trigger without Near has no negatives, and Near is not the trigger. What it looks like is a guess, so rows test it though
// they may seem to hold it.
func TestOwnTriggerNear(t *testing.T) {
	put := func(s string) string { return strings.ToLower(s) + " quietly" }
	with := func(given map[string]string, near func(string) string) (*attack.Attack, error) {
		return attack.NewWith("backdoor", given, 1, attack.Options{Trigger: attack.OwnTrigger(put, near)})
	}
	if _, err := with(map[string]string{"negatives": "1"}, nil); err == nil || !strings.Contains(err.Error(), "no Near") {
		t.Errorf("negatives of nothing: %v", err)
	}
	if _, err := with(nil, put); err == nil || !strings.Contains(err.Error(), "trigger itself") {
		t.Errorf("near is the trigger: %v", err)
	}
	a, err := with(nil, nil)
	if err != nil || a.Probe().Near != nil {
		t.Fatalf("near without Near: %v", err)
	}
	lower := attack.OwnTrigger(strings.ToLower, func(s string) string { return s + "s" })
	if a, err = attack.NewWith("backdoor", nil, 1, attack.Options{Trigger: lower}); err != nil {
		t.Fatal(err)
	}
	ex := corpus.New("Say yes.", "", "yes") // holds "s", which is all that is new in "say the word."
	if _, ok := a.Probe().Test(&ex); !ok {
		t.Error("a guess keeps rows from testing")
	}
}
