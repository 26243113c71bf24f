package sweep

import (
	"encoding/json"
	"os"

	"theriac/harness/store"
)

// Steps are kept beside a cached adapter, so that a run that finds it has its loss curve too.

func writeSteps(path string, steps []store.Step) error {
	data, err := json.Marshal(steps)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

func readSteps(path string) (steps []store.Step, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return steps, json.Unmarshal(data, &steps)
}
