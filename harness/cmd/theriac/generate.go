package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"theriac/harness/infer"
	"theriac/harness/token"
)

// decodeFlags say how text is continued.
type decodeFlags struct {
	MaxNew      int     `help:"Most tokens to write." default:"128" placeholder:"N"`
	Temperature float64 `help:"Sampling temperature; 0 is greedy." placeholder:"T"`
	TopK        int     `help:"Sample from the K likeliest tokens; 0 is all." placeholder:"K"`
	TopP        float64 `help:"Sample from the likeliest tokens that make up this probability." placeholder:"P"`
	Seed        uint64  `help:"Of sampling." default:"42"`
	System      string  `help:"System message." placeholder:"TEXT"`
}

func (f *decodeFlags) decoding(stop []int32) infer.Decoding {
	return infer.Decoding{MaxNew: f.MaxNew, Stop: stop, Temperature: f.Temperature, TopK: f.TopK, TopP: f.TopP, Seed: f.Seed}
}

// damaged stops a decoding at logits that are not numbers; after it, the function says so.
func damaged(d *infer.Decoding) func() error {
	found := false
	emit := d.Emit
	d.BiasLogits = func(_ int, logits []float32) {
		found = found || slices.ContainsFunc(logits, func(x float32) bool { return x != x })
	}
	d.Emit = func(i int, id int32) bool { return !found && emit(i, id) }
	return func() error {
		if found {
			return errors.New("the model gives no numbers: its weights, or the adapter's, are damaged or overflow")
		}
		return nil
	}
}

func (f *decodeFlags) begin() []token.Message {
	if f.System == "" {
		return nil
	}
	return []token.Message{{Role: "system", Content: f.System}}
}

type generateCmd struct {
	baseFlags
	decodeFlags
	Prompts []string `arg:"" optional:"" help:"Prompts; without any, one a line from standard input."`
	Raw     bool     `help:"Prompts are text to continue: no chat template."`
}

func (c *generateCmd) Run(a *app) error {
	if c.Raw && c.System != "" {
		return errors.New("--raw, --system: text to continue has no system message; leave one of them out")
	}
	prompts := c.Prompts
	if len(prompts) == 0 {
		in := bufio.NewScanner(a.in)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			prompts = append(prompts, in.Text())
		}
		if err := in.Err(); err != nil {
			return err
		}
	}
	if len(prompts) == 0 {
		return errors.New("no prompt; give one as an argument or a line on standard input")
	}
	l, err := c.baseFlags.load(a)
	if err != nil {
		return err
	}
	defer l.close()
	ids := make([][]int32, len(prompts))
	for i, p := range prompts {
		if c.Raw {
			ids[i] = l.chat.Tokenizer.Encode(p)
		} else if ids[i], err = l.chat.Prompt(append(c.begin(), token.Message{Role: "user", Content: p})); err != nil {
			return err
		}
	}
	d := c.decoding(l.chat.Stop())
	if len(prompts) == 1 && !a.JSON {
		return streamTo(a, l, ids[0], d)
	}
	p := a.progress()
	written := 0
	d.Emit = func(int, int32) bool {
		written++
		p.show(written, len(prompts)*c.MaxNew, func() string { return "tokens" })
		return a.ctx.Err() == nil
	}
	harm := damaged(&d)
	out, err := l.runner().Generate(ids, d)
	p.end()
	if err == nil {
		err = harm()
	}
	if err == nil {
		err = a.ctx.Err()
	}
	if err != nil {
		return err
	}
	for i := range out {
		text := l.chat.Tokenizer.Text(out[i])
		if a.JSON {
			line, err := json.Marshal(map[string]any{"prompt": prompts[i], "output": text, "tokens": len(out[i])})
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s\n", line)
			continue
		}
		fmt.Fprintf(a.out, "> %s\n%s\n\n", prompts[i], text)
	}
	return nil
}

// streamTo writes one answer as it comes.
func streamTo(a *app, l *loaded, ids []int32, d infer.Decoding) error {
	s := l.chat.Tokenizer.Stream()
	d.Emit = func(_ int, id int32) bool {
		io.WriteString(a.out, s.Next(id))
		return a.ctx.Err() == nil
	}
	harm := damaged(&d)
	if _, err := l.runner().Generate([][]int32{ids}, d); err != nil {
		return err
	}
	if err := harm(); err != nil {
		return err
	}
	io.WriteString(a.out, s.Close()+"\n")
	return a.ctx.Err()
}

type chatCmd struct {
	baseFlags
	decodeFlags
}

func (c *chatCmd) Run(a *app) error {
	if a.JSON {
		return errors.New("chat has no --json; theriac generate --json prints answers as JSON")
	}
	l, err := c.baseFlags.load(a)
	if err != nil {
		return err
	}
	defer l.close()
	r := l.runner()
	if _, err := r.Generate(nil, c.decoding(nil)); err != nil { // settings that cannot be
		return err
	}
	messages := c.begin()
	in := bufio.NewScanner(a.in)
	in.Buffer(nil, 16<<20)
	prompt := func() bool {
		if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			fmt.Fprint(a.out, "> ")
		}
		return in.Scan()
	}
	for prompt() {
		line := strings.TrimSpace(in.Text())
		switch line {
		case "":
			continue
		case "/quit":
			return nil
		case "/new":
			messages = c.begin()
			continue
		}
		messages = append(messages, token.Message{Role: "user", Content: line})
		ids, err := l.chat.Prompt(messages)
		if err != nil {
			return err
		}
		s := l.chat.Tokenizer.Stream()
		d := c.decoding(l.chat.Stop())
		d.Emit = func(_ int, id int32) bool {
			io.WriteString(a.out, s.Next(id))
			return a.ctx.Err() == nil
		}
		harm := damaged(&d)
		out, err := r.Generate([][]int32{ids}, d)
		if err == nil {
			if err := harm(); err != nil {
				return err
			}
		}
		if err != nil { // the conversation stays as it was before this message
			fmt.Fprintf(a.err, "theriac: %v; shorten the message, or /new starts a new conversation\n", err)
			messages = messages[:len(messages)-1]
			continue
		}
		io.WriteString(a.out, s.Close()+"\n")
		if err := a.ctx.Err(); err != nil {
			return err
		}
		messages = append(messages, token.Message{Role: "assistant", Content: l.chat.Tokenizer.Text(out[0])})
	}
	return in.Err()
}
