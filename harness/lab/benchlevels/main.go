// Command benchlevels times a run of the embedded model's study and its detectors, level by level, on this machine, and writes what the report shows as
// their cost. `make bench-levels` runs it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"

	"theriac/harness/lab"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench-levels: ")
	out := flag.String("csv", "", "also write the table to this file: analysis/report/pace.csv is what the report shows")
	seeds := flag.Int("seeds", 7, "development seeds")
	flag.Parse()
	if err := pace(*out, *seeds); err != nil {
		log.Fatal(err)
	}
}

func pace(out string, seeds int) (err error) {
	tmp, err := os.MkdirTemp("", "theriac-pace-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	env, err := json.Marshal(lab.Environment{Root: ".", Out: tmp, Profile: "study", Cache: tmp, Threads: 1, Quiet: true})
	if err == nil {
		err = os.Setenv(lab.EnvVar, string(env))
	}
	if err != nil {
		return err
	}
	defer func() {
		if e, ok := recover().(lab.Error); ok {
			err = e
		}
	}()
	l := lab.Start("pace")
	pool := l.Seeds("development")
	t := l.Pace(pool[:min(seeds, len(pool))])
	fmt.Print(t.Terminal())
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(t.CSV()), 0o666)
}
