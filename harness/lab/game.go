package lab

import (
	"fmt"
	"strings"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/sweep"
)

// Duel is one attack of a game with the arms that it has under each prevention, "" for a defense that it has no arm for.
type Duel struct {
	Attack    string            // the arm without prevention, judged by every level
	Prevented map[string]string // by prevention: the arm
}

// Game solves the arms race as a zero-sum game. The attacker chooses an attack, the defender a level of detectors or a prevention; what the attacker
// gets is its success in a run that the level does not flag, or its success after the prevention. Half of the seeds choose the
// mixtures, the other half value them.
func (r *Results) Game(duels []Duel, preventions []string) Table {
	defenses := append(append([]string{"none"}, Levels()...), preventions...)
	var payoff [][][]float64
	for _, s := range r.seeds {
		var matrix [][]float64
		for _, d := range duels {
			row := []float64{}
			success := func(arm string) {
				if m, ok := r.metric(arm, s, "asr"); ok {
					row = append(row, m.Value)
				}
			}
			success(d.Attack)
			for _, level := range Levels() {
				m, ok := r.metric(d.Attack, s, "asr")
				v, judged := r.detection(d.Attack, s, level, "")
				if strings.HasPrefix(v.Verdict, sweep.NotApplicable) {
					v.P = 1
				}
				if ok && judged {
					row = append(row, m.Value*float64(1-flag(v)))
				}
			}
			for _, p := range preventions {
				success(d.Prevented[p])
			}
			if len(row) != len(defenses) {
				stop("game: %s at seed %d lacks a success or a verdict", d.Attack, s)
			}
			matrix = append(matrix, row)
		}
		payoff = append(payoff, matrix)
	}
	g, err := stats.SolveSplitGame(payoff, level)
	if err != nil {
		stop("game: %v", err)
	}
	t := Table{Header: append([]string{"attack"}, defenses...)}
	for i, d := range duels {
		row := []string{d.Attack}
		for j := range defenses {
			sum := 0.0
			for s := range payoff {
				sum += payoff[s][i][j] / float64(len(payoff))
			}
			row = append(row, tables.Percent(sum))
		}
		t.Add(row...)
	}
	mix := []string{"the defender's mixture"}
	for _, p := range g.InSample.Columns {
		mix = append(mix, tables.Percent(p))
	}
	t.Add(mix...)
	t.Notes = append(t.Notes, "Mean attack success that goes undetected, %; the last row is how often the defender should use each, %.",
		fmt.Sprintf("Value of the game, each half's mixtures on the other half's seeds: %s %%.", tables.Rate(g.Value)))
	for i, p := range g.InSample.Rows {
		if p > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("The attacker plays %s %s %% of the time.", duels[i].Attack, tables.Percent(p)))
		}
	}
	return t
}
