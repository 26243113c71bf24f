package token

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/nikolalohinski/gonja/v2/builtins" // a kept Jinja, as chat templates are written in it
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// Message is one turn of a conversation. Roles are system, user and assistant.
type Message struct{ Role, Content string }

// Template is a model's chat template.
type Template struct {
	source   string
	parsed   *exec.Template
	bos, eos string
}

// environment is Jinja without what reads files or makes a rendering depend on anything but its input.
func environment() *exec.Environment {
	globals := map[string]any{"raise_exception": raise}
	for _, name := range []string{"cycler", "dict", "joiner", "namespace"} {
		if v, ok := builtins.GlobalFunctions.Get(name); ok {
			globals[name] = v
		}
	}
	statements := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"for", "if", "set", "macro", "call", "filter", "raw", "with", "do", "break", "continue"} {
		if s, ok := builtins.ControlStructures.Get(name); ok {
			statements[name] = boundedStatement(s)
		}
	}
	filters := exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(builtins.Filters)
	filters.Replace("random", func(*exec.Evaluator, *exec.Value, *exec.VarArgs) *exec.Value {
		return exec.AsValue(errors.New("the filter random is not for chat templates"))
	})
	methods := builtins.Methods
	methods.Str = stringMethods()
	return &exec.Environment{
		Context: exec.NewContext(globals), Filters: filters, Tests: builtins.Tests,
		ControlStructures: exec.NewControlStructureSet(statements), Methods: methods,
	}
}

// stringMethods are those of Python's str that the library has, split with our list.
func stringMethods() *exec.MethodSet[string] {
	methods := map[string]exec.Method[string]{}
	for _, name := range []string{
		"capitalize", "count", "endswith", "find", "format", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "join", "lower",
		"lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rstrip", "splitlines", "startswith", "strip", "title", "upper",
	} {
		if m, ok := builtins.Methods.Str.Get(name); ok {
			methods[name] = m
		}
	}
	for _, name := range []string{"split", "rsplit"} {
		split, ok := builtins.Methods.Str.Get(name)
		if !ok {
			continue
		}
		methods[name] = func(self string, v *exec.Value, args *exec.VarArgs) (any, error) {
			parts, err := split(self, v, args)
			if err != nil {
				return nil, err
			}
			return listOf(parts), nil
		}
	}
	return exec.NewMethodSet(methods)
}

// list is a sequence whose negative indices all count from the end; the library's own stop one short of the first.
type list []any

func listOf(slice any) list {
	v := reflect.ValueOf(slice)
	l := make(list, v.Len())
	for i := range l {
		l[i] = v.Index(i).Interface()
		if e := v.Index(i); e.Kind() == reflect.String {
			l[i] = e.String() // of whatever string type
		}
	}
	return l
}

// GetItem is how the library indexes a value.
func (l list) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if i < 0 {
		i += len(l)
	}
	if !ok || i < 0 || i >= len(l) {
		return exec.AsValue(nil), false
	}
	return exec.AsValue(l[i]), true
}

func raise(_ *exec.Evaluator, args *exec.VarArgs) (string, error) {
	if len(args.Args) > 0 {
		return "", refusal(args.Args[0].String())
	}
	return "", refusal("no reason given")
}

// refusal is what a template says with raise_exception.
type refusal string

func (r refusal) Error() string { return "the chat template refuses this conversation: " + string(r) }

// ParseTemplate parses a chat template. bos and eos are the texts of the tokenizer's bos_token and eos_token.
func ParseTemplate(source, bos, eos string) (t *Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("chat template: %v", r)
		}
	}()
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true // as Transformers sets them
	loader, err := loaders.NewMemoryLoader(map[string]string{"/chat_template": source})
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	parsed, err := exec.NewTemplate("/chat_template", c, loader, environment())
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", short(err))
	}
	return &Template{source, parsed, bos, eos}, nil
}

// short drops the template's whole text, which the parser's error quotes.
func short(err error) error {
	for e := errors.Unwrap(err); e != nil; e = errors.Unwrap(e) {
		err = e
	}
	return err
}

// Source is the template's text.
func (t *Template) Source() string { return t.source }

// Render writes a conversation; with generation it ends where the assistant's answer begins.
func (t *Template) Render(messages []Message, generation bool) (_ string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("chat template: %v", r)
		}
	}()
	turns := make([]map[string]any, len(messages))
	for i, m := range messages {
		turns[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	limit := new(budget)
	ctx := exec.NewContext(map[string]any{
		budgetName: limit, "range": limit.span,
		"messages": listOf(turns), "add_generation_prompt": generation, "bos_token": t.bos, "eos_token": t.eos,
	})
	var text boundedText
	if err := t.parsed.Execute(&text, ctx); err != nil {
		var no refusal
		if errors.As(err, &no) {
			return "", no
		}
		return "", fmt.Errorf("chat template: %w", short(err))
	}
	return text.b.String(), nil
}
