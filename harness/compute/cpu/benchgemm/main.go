//go:build linux && (amd64 || arm64)

// Command benchgemm prints each product of matrices that training and running the
// models needs beside OpenBLAS's sgemm on the same cores, in one run, and ends with status
// 1 if ours are slower than -want times OpenBLAS, the products weighted by their FLOPs
// and how often they occur. Blocks of calls alternate. One thread's ratio is the median over pairs of blocks, by the thread's own
// clock; several threads' is that of the fastest blocks, by the wall's. Frozen matrices are packed before, as they are in training; OpenBLAS
// packs in each call, as its interface has it. The bits of the two differ (OpenBLAS splits k); only speed is compared here.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/compute/cpu"
)

type options struct {
	only    *regexp.Regexp
	threads []int
	pairs   int
	want    float64
	blas    string
	set     string
}

func main() {
	only := flag.String("only", "", "regular expression of product names")
	threads := flag.String("threads", "1,2", "thread counts")
	var o options
	flag.IntVar(&o.pairs, "pairs", 15, "pairs of blocks a product")
	flag.Float64Var(&o.want, "want", 0.9, "smallest weighted ratio to accept")
	flag.StringVar(&o.blas, "blas", "", "path of libopenblas (default: the system's)")
	flag.StringVar(&o.set, "isa", "", "our instruction set (default: the best of "+strings.Join(cpu.InstructionSets(), ", ")+")")
	flag.Parse()
	ok, err := run(o, *only, *threads)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchgemm:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(o options, only, threads string) (bool, error) {
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return false, err
	}
	for _, field := range strings.Split(threads, ",") {
		t, err := strconv.Atoi(field)
		if err != nil || t < 1 {
			return false, fmt.Errorf("-threads: %q is not a number of threads", field)
		}
		o.threads = append(o.threads, t)
	}
	if o.pairs < 1 {
		return false, fmt.Errorf("-pairs %d: want at least 1", o.pairs)
	}
	if o.set == "" {
		o.set = cpu.InstructionSets()[0]
	}
	b, err := openBLAS(o.blas)
	if err != nil {
		return false, err
	}
	fmt.Printf("ours: %s, frozen right-hand sides packed beforehand; theirs: %s\n", o.set, b.config)
	ok := true
	for _, t := range o.threads {
		good, err := table(&o, b, t)
		if err != nil {
			return false, err
		}
		ok = ok && good
	}
	return ok, nil
}

// table prints one number of threads and says whether its weighted ratio is as wanted.
func table(o *options, b *blas, threads int) (bool, error) {
	d, err := cpu.NewWith(threads, o.set)
	if err != nil {
		return false, err
	}
	defer d.Close()
	b.threads(int32(threads))
	clock := "time of the thread"
	if threads > 1 {
		clock = "wall time of the fastest blocks"
	}
	fmt.Printf("\n%d thread(s), %s\n%-24s %5s %5s %5s  %8s %8s  %s\n", threads, clock, "product", "m", "n", "k", "GFLOPS", "OpenBLAS", "ratio (min-max of pairs)")
	var weights, sum, ours, theirs float64
	smallest := math.Inf(1)
	for _, s := range shapes() {
		if !o.only.MatchString(s.name) {
			continue
		}
		w := s.flop() * float64(s.times)
		r := compare(d, b, s, o.pairs)
		x, y, ratio := median(r.ours), median(r.theirs), median(r.ratio)
		if threads > 1 {
			x, y = r.fastest()
			ratio = x / y
		}
		fmt.Printf("%-24s %5d %5d %5d  %8.1f %8.1f  %4.2f (%.2f-%.2f)\n", s.name, s.m, s.n, s.k, x, y, ratio, slices.Min(r.ratio), slices.Max(r.ratio))
		weights += w
		sum += w * ratio
		ours += w / x
		theirs += w / y
		smallest = min(smallest, ratio)
	}
	if weights == 0 {
		return false, fmt.Errorf("-only %q: no product has such a name", o.only)
	}
	mean := sum / weights
	fmt.Printf("weighted by FLOPs: ratio %.3f (want %.2f); all in all %.1f GFLOPS, OpenBLAS %.1f; smallest ratio %.2f\n",
		mean, o.want, weights/ours, weights/theirs, smallest)
	return mean >= o.want, nil
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
