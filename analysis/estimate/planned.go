package estimate

// Planned is one confirmatory test of experiments/plan.yaml.
type Planned struct {
	Name       string  `yaml:"name"`
	Experiment string  `yaml:"experiment"`
	Arm        string  `yaml:"arm"`
	Baseline   string  `yaml:"baseline"`
	Metric     string  `yaml:"metric"`
	Kind       string  `yaml:"kind"` // greater, less, non-inferior, at least, at most
	Than       float64 `yaml:"than"` // of at least and at most
}
