package main

import (
	"fmt"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/model/hub"
)

type pullCmd struct {
	Name string `arg:"" help:"smollm2, hf:ORG/NAME, or data:NAME (see theriac list data); data go to the data directory."`
}

func (c *pullCmd) Run(a *app) error {
	if name, ok := strings.CutPrefix(c.Name, "data:"); ok {
		return pullData(a, name)
	}
	p := a.progress()
	path, err := hub.Pull(a.ctx, c.Name, hub.Options{Progress: func(file string, done, total int64) {
		p.show(int(done), int(total), func() string { return "bytes of " + file })
	}})
	p.end()
	if err != nil {
		return err
	}
	return pulled(a, path)
}

// pulled says where a fetched thing lies.
func pulled(a *app, path string) error {
	if a.JSON {
		return printJSON(a.out, map[string]string{"path": path})
	}
	_, err := fmt.Fprintln(a.out, path)
	return err
}

// pullData fetches every file of a public set into the data directory.
func pullData(a *app, name string) error {
	files, err := corpus.FilesOf(name)
	if err != nil {
		return err
	}
	if a.DataDir == "" {
		return corpus.ErrNoDataDir
	}
	for _, d := range files {
		path, err := corpus.Fetch(a.ctx, d.Name, a.DataDir, a.err)
		if err != nil {
			return err
		}
		if err := pulled(a, path); err != nil {
			return err
		}
	}
	return nil
}
