package lab

import "testing"

// What needs trained models is left out where a script only says what it would do.
func TestModelsAreNotTrainedToPlan(t *testing.T) {
	for name, env := range map[string]Environment{"plan": {Plan: true}, "export": {Export: &Export{}}} {
		l := &Lab{env: env}
		clean := Arm{Name: "clean"}
		for of, table := range map[string]Table{"answers": l.Answers(0, clean), "divergence": l.Divergence(clean, []Arm{clean}, []int{0, 1})} {
			if len(table.Rows) > 0 || l.bench != nil {
				t.Errorf("%s: %s have %d rows; the base is open: %v", name, of, len(table.Rows), l.bench != nil)
			}
		}
	}
}
