package token

// Bounds on a rendering. A chat template is a program that came with a model: a hostile one must end with an error
// instead of running for ever. (The size of the strings that its expressions build is not bounded.)

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2/builtins"
	statements "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
)

const (
	maxSteps = 1 << 18  // statements executed, elements of ranges and calls of macros
	maxDepth = 100      // of macros that call macros
	maxText  = 64 << 20 // bytes
)

var (
	errSteps = fmt.Errorf("it takes more than %d steps for this conversation", maxSteps)
	errDepth = fmt.Errorf("its macros call each other more than %d deep", maxDepth)
	errText  = fmt.Errorf("it writes more than %d bytes for this conversation", maxText)
)

// budgetName is where a rendering's budget stands among its variables; no template can write such a name.
const budgetName = "rendering's budget"

type budget struct{ steps, depth int }

func (b *budget) spend(n int) error {
	if b.steps += n; n < 0 || b.steps > maxSteps {
		return errSteps
	}
	return nil
}

func budgetOf(c *exec.Context) *budget {
	v, _ := c.Get(budgetName)
	return v.(*budget)
}

// span is range, paid for by its length.
func (b *budget) span(e *exec.Evaluator, args *exec.VarArgs) (<-chan int, error) {
	f, ok := builtins.GlobalFunctions.Get("range")
	if !ok {
		return nil, errors.New("no range")
	}
	from, to, step := 0, 0, 1
	for i, p := range map[int][]*int{1: {&to}, 2: {&from, &to}, 3: {&from, &to, &step}}[len(args.Args)] {
		*p = args.Args[i].Integer()
	}
	if step != 0 {
		if err := b.spend(max(0, (to-from)/step)); err != nil {
			return nil, err
		}
	}
	return f.(func(*exec.Evaluator, *exec.VarArgs) (<-chan int, error))(e, args)
}

// bounded is a statement that pays for being executed.
type bounded struct{ exec.ControlStructure }

// boundedStatement makes a parser's statements pay.
func boundedStatement(parse parser.ControlStructureParser) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		n, err := parse(p, args)
		if m, ok := n.(*statements.MacroControlStructure); ok && err == nil {
			return boundedMacro{m.Macro}, nil
		}
		if s, ok := n.(exec.ControlStructure); ok && err == nil {
			return bounded{s}, nil
		}
		return n, err
	}
}

func (s bounded) Execute(r *exec.Renderer, block *nodes.ControlStructureBlock) error {
	if err := budgetOf(r.Environment.Context).spend(1); err != nil {
		return err
	}
	return s.ControlStructure.Execute(r, block)
}

// boundedMacro is a macro whose calls pay.
type boundedMacro struct{ *nodes.Macro }

func (m boundedMacro) String() string { return m.Macro.String() }

func (m boundedMacro) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	f, err := exec.MacroNodeToFunc(m.Macro, r)
	if err != nil {
		return err
	}
	b := budgetOf(r.Environment.Context)
	r.Environment.Context.Set(m.Name, exec.Macro(func(args *exec.VarArgs) *exec.Value {
		if err := b.spend(1); err != nil {
			return exec.AsValue(err)
		}
		if b.depth++; b.depth > maxDepth {
			return exec.AsValue(errDepth)
		}
		defer func() { b.depth-- }()
		return f(args)
	}))
	return nil
}

// boundedText takes so much text and no more.
type boundedText struct{ b bytes.Buffer }

func (t *boundedText) Write(p []byte) (int, error) {
	if t.b.Len()+len(p) > maxText {
		return 0, errText
	}
	return t.b.Write(p)
}
