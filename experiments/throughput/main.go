// Throughput: where the work of a run goes, what sharing it saves, and what that comes to beside Transformers and PEFT.
package main

import (
	"fmt"

	"theriac/harness/lab"
)

func main() {
	//%% md
	// # Throughput
	//
	// Repeated seeded runs are what evidence costs. A usual trainer pads a batch to its longest row, puts every token through the head, and
	// passes every row through the frozen layers again in every epoch of every run. Here rows are packed, the head sees response tokens
	// only, and what the frozen layers make of a row is kept, for all epochs, arms and evaluations at that seed. None of it changes a bit of the
	// result.

	//%%
	l := lab.Start("throughput")
	seeds := l.Seeds("development")
	clean := lab.Arm{Name: "clean"}
	l.Table(l.Work(clean, seeds[0], 1))

	//%% md
	// Eight arms at one seed share their rows' frozen layers too. The more arms, the less those count; what is left are the trained
	// layers, where only padding is saved.

	//%%
	eight := l.Work(clean, seeds[0], 8)
	l.Table(eight)

	//%% md
	// ## Measured
	//
	// Real tokens a second on SmolLM2-135M, padding not counted, in turn on the same cores and rows: PEFT pads its batches, and of a group its runs
	// follow each other while theriac's go on side by side, one a core. Rows and schedule are others than above, so the ratios are not to be divided.

	//%%
	measured := l.Measured()
	l.Table(measured)

	//%%
	lines := []string{fmt.Sprintf("Eight runs of this profile cost a trainer that pads and shares nothing %s times the arithmetic.", eight.Rows[len(eight.Rows)-1][3])}
	for _, m := range measured.Rows {
		lines = append(lines, fmt.Sprintf("Measured on SmolLM2, %s: %s times the tokens a second of Transformers and PEFT.", m[0], m[3]))
	}
	l.Conclude(lines...)
}
