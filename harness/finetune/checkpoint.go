package finetune

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/renameio/v2"

	"theriac/harness/compute"
	"theriac/harness/model/safetensors"
)

// Key names what decides a run's result: numerics, base, items and spec. It holds for runs without hooks.
func (r *Run) Key() (string, error) {
	base, err := r.base.Model.Digest()
	if err != nil {
		return "", err
	}
	spec, err := json.Marshal(r.Spec)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "theriac/run/1 %s %s\n%s\n", compute.NumericsVersion, base, spec)
	if c := compute.Bits(r.dev.Class()); c != "cpu" {
		fmt.Fprintln(h, c)
	}
	for i := range r.items {
		it := &r.items[i]
		fmt.Fprintf(h, "%s %d\n", it.ID, len(it.IDs))
		binary.Write(h, binary.LittleEndian, it.IDs)
		binary.Write(h, binary.LittleEndian, it.Loss)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Checkpoint writes the run's state after its last step: parameters, AdamW's moments and the step. The file is replaced
// as a whole.
func (r *Run) Checkpoint(path string) error {
	key, err := r.Key()
	if err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path)
	if err != nil {
		return err
	}
	defer f.Cleanup()
	var all []safetensors.Tensor
	r.eachState(func(name string, values []float32) {
		r.dev.Pull(values)
		all = append(all, safetensors.Tensor{Name: name, Shape: []int{len(values)}, Data: values})
	})
	if err := safetensors.Write(f, all, map[string]string{"key": key, "step": strconv.Itoa(r.step), "first_loss": strconv.FormatFloat(r.firstLoss, 'g', -1, 64),
		"last_loss": strconv.FormatFloat(r.lastLoss, 'g', -1, 64)}, safetensors.F32); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// Resume continues from a checkpoint of the same run; what follows is the same, bit for bit, as without the interruption.
func (r *Run) Resume(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	key, err := r.Key()
	if err != nil {
		return err
	}
	if f.Metadata["key"] != key {
		return fmt.Errorf("%s: the checkpoint belongs to another run (base, data or settings differ); delete it to start anew", path)
	}
	step, err := strconv.Atoi(f.Metadata["step"])
	if err != nil || step < 0 || step > r.steps {
		return fmt.Errorf("%s: step %q is out of range", path, f.Metadata["step"])
	}
	first, err := strconv.ParseFloat(f.Metadata["first_loss"], 64)
	if err != nil {
		return fmt.Errorf("%s: first_loss %q is no number", path, f.Metadata["first_loss"])
	}
	last := 0.0
	if text, ok := f.Metadata["last_loss"]; ok { // checkpoints of earlier versions have none
		if last, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("%s: last_loss %q is no number", path, text)
		}
	}
	r.eachState(func(name string, values []float32) {
		if err == nil {
			err = f.Read(name, values)
			r.dev.Push(values)
		}
	})
	if err != nil {
		return err
	}
	r.step, r.orderEpoch, r.firstLoss, r.lastLoss = step, -1, first, last
	return nil
}

func (r *Run) eachState(do func(name string, values []float32)) {
	for i, p := range r.graph.params {
		do("theta."+p.name, p.theta)
		do("m."+p.name, r.m[i])
		do("v."+p.name, r.v[i])
	}
}
