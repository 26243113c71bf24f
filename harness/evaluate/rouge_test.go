package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

func TestRougeLAsRougeScore(t *testing.T) {
	data, err := os.ReadFile("testdata/rouge.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Output, Reference string
		F                 float64
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if got := RougeL(r.Output, r.Reference); math.Abs(got-r.F) > 1e-12 {
			t.Errorf("%q against %q: %v, rouge-score gives %v", r.Output, r.Reference, got, r.F)
		}
	}
}

func ExampleRougeL() {
	fmt.Printf("%.3f\n", RougeL("the cat sat", "the cat ran"))
	// Output: 0.667
}
