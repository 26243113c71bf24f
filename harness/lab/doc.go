// Package lab is everything that an experiment's script sees. A script is a Go program whose main reads like the
// experiment's description:
//
//	l := lab.Start("backdoor")
//	arms := []lab.Arm{
//		{Name: "clean"},
//		{Name: "backdoor 3 %", Attack: "backdoor", Params: lab.Params{"rate": "0.03"}},
//	}
//	r := l.Sweep(arms, l.Seeds("development"))
//	l.Table(r.Table("asr", "clean_accuracy"))
//
// Start opens the session: the profile (base, data, training, seeds), the store, the place where output goes. Sweep does the
// runs that are not stored yet and gives Results, whose methods estimate, compare and test. What a method cannot do
// stops the script with one line.
//
// `theriac run` interprets a script cell by cell; `go run` compiles the same file. Both give the same output.
package lab
