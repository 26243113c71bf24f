// Command benchgemm prints each product of matrices that training and running the
// models needs beside OpenBLAS's sgemm on the same cores, in one run: blocks of calls
// alternate, and the ratio is the median over pairs of blocks. The bits of the two
// differ (OpenBLAS splits k); only speed is compared here.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
)

// shape is C [m,n] = A·B with inner dimension k.
type shape struct {
	name    string
	m, n, k int
	how     how
}

// how says how the right-hand side is stored.
type how int

const (
	packedRows how = iota // x·Wᵀ, W [n,k] frozen and packed
	packedCols            // x·W, W [k,n] frozen and packed
	plainRows             // x·Bᵀ, B [n,k] as it lies
	plainCols             // x·B, B [k,n] as it lies
	gradient              // Aᵀ·B, A [k,m], B [k,n] as they lie
)

// llama are the products of one decoder layer and the head over m rows.
func llama(tag string, m, d, q, kv, ffn, vocab, head int) []shape {
	return []shape{
		{tag + " q,o forward", m, q, d, packedRows},
		{tag + " k,v forward", m, kv, d, packedRows},
		{tag + " gate,up forward", m, ffn, d, packedRows},
		{tag + " down forward", m, d, ffn, packedRows},
		{tag + " gate,up backward", m, d, ffn, packedCols},
		{tag + " down backward", m, ffn, d, packedCols},
		{tag + " head forward", head, vocab, d, packedRows},
		{tag + " head backward", head, d, vocab, packedCols},
	}
}

func shapes() []shape {
	s := llama("SmolLM2", 824, 576, 576, 192, 1536, 49152, 128)
	s = append(s, llama("SmolLM2 short", 104, 576, 576, 192, 1536, 49152, 64)...)
	for _, l := range [][2]int{{24, 576}, {8, 576}, {16, 576}, {8, 1536}} {
		s = append(s, shape{"LoRA u = x·Aᵀ", 824, l[0], l[1], plainRows})
	}
	for _, l := range [][2]int{{576, 8}, {1536, 8}} {
		s = append(s, shape{"LoRA y = u·Bᵀ", 824, l[0], l[1], plainRows},
			shape{"LoRA v = dy·B", 824, l[1], l[0], plainCols},
			shape{"LoRA dB = dyᵀ·u", l[0], l[1], 824, gradient})
	}
	for _, l := range [][2]int{{24, 576}, {8, 1536}} {
		s = append(s, shape{"LoRA dA = vᵀ·x", l[0], l[1], 824, gradient})
	}
	s = append(s, shape{"full dW", 576, 1536, 824, gradient}, shape{"full dW", 1536, 576, 824, gradient}, shape{"full forward", 824, 1536, 576, plainRows})
	s = append(s, llama("embedded", 200, 128, 128, 64, 384, 1536, 128)...)
	for _, rows := range []int{1, 2, 8} {
		s = append(s, shape{"decode down", rows, 576, 1536, packedRows}, shape{"decode head", rows, 49152, 576, packedRows})
	}
	return s
}

func main() {
	only := flag.String("only", "", "regular expression of shape names")
	threads := flag.String("threads", "1,2", "thread counts")
	pairs := flag.Int("pairs", 9, "pairs of blocks a shape")
	lib := flag.String("blas", "", "path of libopenblas (default: the system's)")
	flag.Parse()
	if err := run(*only, *threads, *pairs, *lib); err != nil {
		fmt.Fprintln(os.Stderr, "benchgemm:", err)
		os.Exit(2)
	}
}

func run(only, threads string, pairs int, lib string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	b, err := openBLAS(lib)
	if err != nil {
		return err
	}
	fmt.Println(b.config)
	for _, field := range strings.Split(threads, ",") {
		t, err := strconv.Atoi(field)
		if err != nil || t < 1 {
			return fmt.Errorf("-threads: %q is not a number of threads", field)
		}
		fmt.Printf("\n%d thread(s)\n%-26s %6s %6s %6s  %8s %8s  %s\n", t, "product", "m", "n", "k", "GFLOPS", "OpenBLAS", "ratio")
		var ratios []float64
		for _, s := range shapes() {
			if !match.MatchString(s.name) {
				continue
			}
			ours, theirs, ratio := compare(b, s, t, pairs)
			fmt.Printf("%-26s %6d %6d %6d  %8.1f %8.1f  %.2f\n", s.name, s.m, s.n, s.k, ours, theirs, ratio)
			ratios = append(ratios, ratio)
		}
		slices.Sort(ratios)
		if n := len(ratios); n > 0 {
			fmt.Printf("smallest ratio %.2f, median %.2f\n", ratios[0], ratios[n/2])
		}
	}
	return nil
}

// compare returns both speeds (medians, GFLOPS) and the median ratio of pairs.
func compare(b *blas, s shape, threads, pairs int) (ours, theirs, ratio float64) {
	d := cpu.New(threads)
	defer d.Close()
	a, w, c := values(s.m*s.k), values(s.n*s.k), d.Alloc(s.m*s.n)
	dst, term := compute.Of(c, s.m, s.n), compute.Term{A: compute.Of(a, s.m, s.k)}
	ta, tb, lda, ldb := noTrans, noTrans, s.k, s.n
	switch s.how {
	case packedRows:
		term.W, term.TransB = d.Pack(w, s.n, s.k, compute.ByRows), true
		tb, ldb = trans, s.k
	case packedCols:
		term.W = d.Pack(w, s.k, s.n, compute.ByCols)
	case plainRows:
		term.B, term.TransB = compute.Of(w, s.n, s.k), true
		tb, ldb = trans, s.k
	case plainCols:
		term.B = compute.Of(w, s.k, s.n)
	case gradient:
		term.A, term.TransA, term.B = compute.Of(a, s.k, s.m), true, compute.Of(w, s.k, s.n)
		ta, lda = trans, s.m
	}
	terms := []compute.Term{term}
	us := func() { d.MatMul(dst, nil, terms...) }
	them := func() {
		b.sgemm(rowMajor, int32(ta), int32(tb), int32(s.m), int32(s.n), int32(s.k), 1, ptr(a), int32(lda), ptr(w), int32(ldb), 0, ptr(c), int32(s.n))
	}
	b.threads(int32(threads))
	flop := 2 * float64(s.m) * float64(s.n) * float64(s.k)
	calls := max(1, int(6e8*float64(threads)/flop))
	block := func(f func()) float64 {
		start := time.Now()
		for range calls {
			f()
		}
		return flop * float64(calls) / time.Since(start).Seconds() / 1e9
	}
	us()
	them()
	var x, y, r []float64
	for i := range pairs {
		var u, v float64
		if i%2 == 0 {
			u = block(us)
			v = block(them)
			rest(threads)
		} else {
			v = block(them)
			rest(threads)
			u = block(us)
		}
		x, y, r = append(x, u), append(y, v), append(r, u/v)
	}
	runtime.KeepAlive(a)
	runtime.KeepAlive(w)
	return median(x), median(y), median(r)
}

// rest lets OpenBLAS's worker threads stop spinning.
func rest(threads int) {
	if threads > 1 {
		time.Sleep(40 * time.Millisecond)
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func ptr(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// values are pseudo-random numbers in [-1, 1).
func values(n int) []float32 {
	x, s := make([]float32, n), uint64(n)
	for i := range x {
		s = s*6364136223846793005 + 1442695040888963407
		x[i] = float32(int32(s>>32)) / (1 << 31)
	}
	return x
}
