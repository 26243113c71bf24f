package lab

// export writes the run that was asked for, if the arm is among these, and ends the script.
func (l *Lab) export(arms []Arm) {
	e := l.env.Export
	for i := range arms {
		if arms[i].Name != e.Arm {
			continue
		}
		s := l.spec(&arms[i])
		s.Seed, s.Plan = uint64(e.Seed), l.frozen(e.Seed)
		if err := l.open().Export(l.ctx, &s, e.To); err != nil {
			stop("%v", err)
		}
		l.env.Host.Show(Output{Kind: "exported", Text: e.To})
		stop("%s at seed %d is written", e.Arm, e.Seed)
	}
}
