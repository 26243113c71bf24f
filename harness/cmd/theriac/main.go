// Command theriac attacks an LLM fine-tuning pipeline, defends it, and states
// what it found with statistics that a reviewer can re-derive.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/store"
)

func main() {
	debug.SetGCPercent(25) // weights are most of the heap and live long: a collector that waits for its doubling would waste as much again
	corpus.OpenParquet = func(path string) (corpus.Table, error) { return store.OpenRows(path) }
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	os.Exit(run(ctx, os.Stdin, os.Stdout, os.Stderr, os.Args[1:]))
}

// Exit codes: 0 fine; 1 flagged or refused; 2 wrong usage or bad input; 3 internal; 4 inconclusive or incomplete.
const (
	exitFine = iota
	exitFlagged
	exitUsage
	exitInternal
	exitIncomplete
)

// app is what every command gets.
type app struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	err    io.Writer
	Common `kong:"-"`
}

// Common are the flags of every command.
type Common struct {
	Root    string `help:"Where experiments/, results/ and figures/ are." default:"." placeholder:"DIR"`
	DataDir string `help:"Where public data sets lie." env:"THERIAC_DATA" placeholder:"DIR"`
	Threads int    `help:"CPU threads; 0 is all cores." default:"0"`
	Device  string `help:"Where to compute: cpu; cuda, which gives the same bits; cuda-tf32, faster and rounded, whose results are kept apart; or auto for cuda if a GPU is usable." enum:"auto,cpu,cuda,cuda-tf32" default:"cpu"`
	JSON    bool   `help:"Print JSON instead of text." name:"json"`
	Quiet   bool   `help:"No progress." short:"q"`
}

type commands struct {
	Common

	Finetune  finetuneCmd  `cmd:"" help:"Fine-tune a model on a file of examples: LoRA, or all weights."`
	Generate  generateCmd  `cmd:"" help:"Continue prompts."`
	Chat      chatCmd      `cmd:"" help:"Talk to a model."`
	Eval      evalCmd      `cmd:"" help:"Loss, perplexity, exact match and ROUGE-L on a held-out file."`
	Tokens    tokensCmd    `cmd:"" help:"Print the token ids of texts."`
	Merge     mergeCmd     `cmd:"" help:"Merge an adapter into its base and write a model directory."`
	Pull      pullCmd      `cmd:"" help:"Fetch a model or a data set."`
	Demo      demoCmd      `cmd:"" help:"Every experiment with committed demo results into build/demo, compared with them byte for byte."`
	Run       runCmd       `cmd:"" help:"Run an experiment's script as a notebook; it goes on where it was interrupted."`
	Plan      planCmd      `cmd:"" help:"What an experiment will do and cost before anything is spent, and which stored runs are stale, and why."`
	Export    exportCmd    `cmd:"" help:"Write a run for another implementation to train and judge: base, first adapter, rows, batches and items."`
	Attack    attackCmd    `cmd:"" help:"Poison training rows, an adapter or a chat template, and write down what was done."`
	Scan      scanCmd      `cmd:"" help:"Look for poison in training rows, or in an adapter."`
	Manifest  manifestCmd  `cmd:"" help:"Write down which rows a file holds, signed: scan data --since then judges new ones alone."`
	Calibrate calibrateCmd `cmd:"" help:"Measure what is ordinary, for a verdict of scan."`
	Results   resultsCmd   `cmd:"" help:"List and filter the stored runs of an experiment."`
	Diff      diffCmd      `cmd:"" help:"Say what differs between two experiments' tables."`
	Analyze   analyzeCmd   `cmd:"" help:"The statistics on anyone's own results: a CSV or Parquet file."`
	Report    reportCmd    `cmd:"" help:"Render REPORT.md and its figures from results/, and nothing else."`
	Devices   devicesCmd   `cmd:"" help:"What there is to compute on, and why something is not usable."`
	Verify    verifyCmd    `cmd:"" help:"Do a sample of the stored runs again and compare every byte."`
	Replicate replicateCmd `cmd:"" help:"Each headline claim on fresh seeds beside the committed one."`
	Power     powerCmd     `cmd:"" help:"Seeds, items and runs that a stated effect or claim needs; the smallest p that a design can reach."`
	List      listCmd      `cmd:"" help:"The catalogues: attacks, triggers, skills, public data."`
	New       newCmd       `cmd:"" help:"Write a starting notebook."`
	Child     childCmd     `cmd:"" name:"notebook-child" hidden:""`
	Doctor    doctorCmd    `cmd:"" help:"Say what this machine has: instruction sets, cores, caches, memory, optional tools, models and data."`
	Version   versionCmd   `cmd:"" help:"Print the version and the numerics version."`
}

// exitCode carries a code with an error, for errors that are not bad input.
type exitCode struct {
	error
	code int
}

func (e exitCode) Unwrap() error { return e.error }

// quit ends kong's own printing (--help) without ending the process, so that tests can call run.
type quit int

func run(ctx context.Context, in io.Reader, out, errOut io.Writer, args []string) (code int) {
	var c commands
	defer func() {
		if r := recover(); r != nil {
			if f, ok := r.(*compute.Fault); ok {
				fmt.Fprintln(errOut, "theriac:", f)
				code = exitInternal
				return
			}
			q, ok := r.(quit)
			if !ok {
				panic(r)
			}
			code = int(q)
		}
	}()
	parser, err := kong.New(&c, kong.Name("theriac"), kong.UsageOnError(),
		kong.Description("Attacks an LLM fine-tuning pipeline, defends it, and proves what it says.\n\nExit codes: 0 fine, 1 flagged or different, 2 wrong usage or input, 3 internal, 4 inconclusive or incomplete."),
		kong.Writers(out, errOut), kong.Exit(func(n int) { panic(quit(n)) }))
	if err != nil {
		fmt.Fprintln(errOut, "theriac:", err)
		return exitInternal
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case len(args) == 1 && args[0] == "--version":
		args = []string{"version"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "theriac: %v; see theriac --help\n", err)
		return exitUsage
	}
	a := &app{ctx: ctx, in: in, out: out, err: errOut, Common: c.Common}
	err = k.Run(a)
	var e exitCode
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &e):
		if e.error != nil {
			fmt.Fprintln(errOut, "theriac:", e.error)
		}
		return e.code
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(errOut, "theriac: interrupted; run the same command again to go on")
		return exitIncomplete
	}
	fmt.Fprintln(errOut, "theriac:", err)
	return exitUsage
}
