// Package tiny is the embedded base model: an instruction model of 1.4 million parameters that this project pretrained on its
// own generated corpus. train/ makes it from nothing, check/ measures it, MODEL.md is its card.
package tiny

import (
	"embed"
	"fmt"
	"sync"

	"theriac/harness/model"
	"theriac/harness/model/safetensors"
)

//go:embed config.json model.safetensors tokenizer.json chat_template.jinja
var files embed.FS

// Name is what the model is called on the command line and in results.
const Name = "tiny"

// Open gives the model. It is shared; closing it does nothing.
var Open = sync.OnceValues(open)

func open() (*model.Model, error) {
	read := func(name string) []byte {
		data, err := files.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		return data
	}
	c, err := model.ParseConfig(read("config.json"))
	if err != nil {
		return nil, fmt.Errorf("embedded model: %w", err)
	}
	f, err := safetensors.Parse("embedded model", read("model.safetensors"))
	if err != nil {
		return nil, err
	}
	tensors := c.Tensors()
	for i := range tensors {
		info := f.Info(tensors[i].Name)
		if info == nil {
			return nil, fmt.Errorf("embedded model: no tensor %s", tensors[i].Name)
		}
		tensors[i].Data = make([]float32, info.Count())
		if err := f.Read(tensors[i].Name, tensors[i].Data); err != nil {
			return nil, err
		}
	}
	return model.FromTensors(Name, c, tensors, read("tokenizer.json"), string(read("chat_template.jinja")))
}
