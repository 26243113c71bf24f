package rng

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

func TestPySample(t *testing.T) {
	data, err := os.ReadFile("testdata/pysample.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Seed uint64
		N, K int
		Head []int
		Sum  int
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		got, err := PySample(c.Seed, c.N, c.K)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for i, v := range got {
			sum += (i + 1) * v
		}
		if sum != c.Sum || !slices.Equal(got[:len(c.Head)], c.Head) {
			t.Errorf("seed %d n %d k %d: got %v, want %v", c.Seed, c.N, c.K, got[:len(c.Head)], c.Head)
		}
	}
	for _, c := range [][2]int{{3, 4}, {3, -1}, {-1, 0}} {
		if _, err := PySample(1, c[0], c[1]); err == nil {
			t.Errorf("sample of %d from %d: no error", c[1], c[0])
		}
	}
}

func ExamplePySample() {
	ids, _ := PySample(42, 600, 18)
	fmt.Println(ids[:5])
	// Output: [114 25 281 250 228]
}

func TestStreamsAreIndependentOfEachOther(t *testing.T) {
	a, b := Stream(7, "init"), Stream(7, "init")
	Stream(7, "split").Uint64()
	for range 100 {
		if a.Uint64() != b.Uint64() {
			t.Fatal("the same seed and name gave different numbers")
		}
	}
	seen := map[uint64]string{}
	for _, names := range [][]string{{}, {"a"}, {"b"}, {"a", "b"}, {"ab"}, {"a", "", "b"}, {"a\x00", "b"}} {
		h := Hash(7, names...)
		if prev, dup := seen[h]; dup {
			t.Errorf("%q and %q share a stream", names, prev)
		}
		seen[h] = fmt.Sprint(names)
	}
}

// The golden values hold every platform and Go release to the same numbers.
func TestGolden(t *testing.T) {
	r := Stream(42, "golden")
	got := fmt.Sprint(r.Uint64(), r.Intn(1000), r.Float64(), r.Float32(), r.Normal(), r.Perm(5))
	const want = "5504422859602958261 550 0.6185283384514748 0.76075834 1.4153227803662718 [3 1 2 0 4]"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestMoments(t *testing.T) {
	r := Stream(1, "moments")
	const n = 200000
	var s, s2, u float64
	count := make([]int, 7)
	for range n {
		v := r.Normal()
		s += v
		s2 += float64(v * v)
		u += r.Float64()
		count[r.Intn(7)]++
	}
	if m := s / n; math.Abs(m) > 0.01 {
		t.Errorf("normal mean %g", m)
	}
	if v := s2 / n; math.Abs(v-1) > 0.02 {
		t.Errorf("normal variance %g", v)
	}
	if m := u / n; math.Abs(m-0.5) > 0.005 {
		t.Errorf("uniform mean %g", m)
	}
	for i, c := range count {
		if math.Abs(float64(c)-n/7) > 5*math.Sqrt(n/7) {
			t.Errorf("Intn(7) gave %d %d times", i, c)
		}
	}
}
