package main

import (
	"fmt"

	"theriac/harness/model/hub"
)

type pullCmd struct {
	Name string `arg:"" help:"smollm2, hf:ORG/NAME, or data:NAME."`
}

func (c *pullCmd) Run(a *app) error {
	p := a.progress()
	path, err := hub.Pull(a.ctx, c.Name, hub.Options{Progress: func(file string, done, total int64) {
		p.show(int(done), int(total), func() string { return "bytes of " + file })
	}})
	p.end()
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, path)
	return nil
}
