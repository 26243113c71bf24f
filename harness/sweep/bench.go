package sweep

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"theriac/harness/compute"
	"theriac/harness/compute/machine"
	"theriac/harness/corpus"
	"theriac/harness/evaluate"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/token"
)

// Bench is an opened base with everything that its runs share. It is safe for concurrent use.
type Bench struct {
	Base    *infer.Base
	Chat    *token.Chat
	Digest  string // of the base
	DataDir string // of public sets; "": none
	Machine *machine.Machine

	dev   compute.Device // holds the base
	cache string         // directory of adapters; "": none
	mu    sync.Mutex
	once  map[string]*lazy
	pre   map[int]*infer.Prefix
	kept  []compute.Device // hold what the runs share beside the base
}

// lazy is a value that is made once, by whoever comes first.
type lazy struct{ value func() (any, error) }

// prefixMemory is how much of the shared hidden states stay in memory; the rest is mapped from a temporary file.
const prefixMemory = 1 << 30

// Open packs a model for sweeps on a machine. cache is a directory for trained adapters, or "".
func Open(m *model.Model, on *machine.Machine, cache string, maxTokens int) (*Bench, error) {
	chat, err := m.Chat()
	if err != nil {
		return nil, err
	}
	digest, err := m.Digest()
	if err != nil {
		return nil, err
	}
	dev, err := on.New()
	if err != nil {
		return nil, err
	}
	base, err := infer.Load(dev, m, min(maxTokens, m.Config.MaxPos))
	if err != nil {
		dev.Close()
		return nil, err
	}
	if cache != "" {
		cache = filepath.Join(cache, "adapters")
	}
	return &Bench{Base: base, Chat: chat, Digest: digest, Machine: on, dev: dev, cache: cache, once: map[string]*lazy{}, pre: map[int]*infer.Prefix{}}, nil
}

// Close releases what the runs shared.
func (b *Bench) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	for _, p := range b.pre {
		if e := p.Close(); err == nil {
			err = e
		}
	}
	b.pre = map[int]*infer.Prefix{}
	for _, d := range b.kept {
		d.Close()
	}
	b.kept = nil
	b.dev.Close()
	return err
}

// keep makes a value on a device of its own, which stays open as long as the bench: the value may lie in its memory.
func keep[T any](b *Bench, make func(dev compute.Device) (T, error)) (v T, err error) {
	dev, err := b.Machine.Worker(b.Machine.Workers())
	if err != nil {
		return v, err
	}
	made := false
	defer func() {
		if !made {
			dev.Close()
		}
	}()
	if v, err = make(dev); err != nil {
		return v, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept, made = append(b.kept, dev), true
	return v, nil
}

func (b *Bench) prefix(layer int) *infer.Prefix {
	if layer <= 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pre[layer] == nil {
		b.pre[layer] = infer.NewPrefix(layer, prefixMemory)
	}
	return b.pre[layer]
}

// share makes a value once for all runs. Where the device failed at it, the next run that needs it tries again.
func share[T any](b *Bench, key string, make func() (T, error)) (T, error) {
	b.mu.Lock()
	l := b.once[key]
	if l == nil {
		l = &lazy{sync.OnceValues(func() (v any, err error) {
			err = compute.Guard(func() (err error) {
				v, err = make()
				return err
			})
			return v, err
		})}
		b.once[key] = l
	}
	b.mu.Unlock()
	value, err := l.value()
	if f := (*compute.Fault)(nil); errors.As(err, &f) {
		b.mu.Lock()
		if b.once[key] == l {
			delete(b.once, key)
		}
		b.mu.Unlock()
	}
	v, _ := value.(T)
	return v, err
}

func (b *Bench) source(name string) (Source, error) {
	return share(b, "source/"+name, func() (Source, error) { return openSource(b, name) })
}

func (b *Bench) held(d *Data, kind Kind, n int) ([]corpus.Example, error) {
	if n == 0 {
		return nil, nil
	}
	return share(b, fmt.Sprintf("held/%s/%s/%d", d.Name, kind, n), func() ([]corpus.Example, error) {
		s, err := b.source(d.Name)
		if err != nil {
			return nil, err
		}
		return s.Held(kind, n)
	})
}

// retemplated is the chat with another template.
func (b *Bench) retemplated(change func(string) string) (*token.Chat, error) {
	source := change(b.Base.Model.ChatTemplate)
	return share(b, "chat/"+source, func() (*token.Chat, error) {
		c := b.Base.Config
		return token.NewChat(b.Chat.Tokenizer, source, int32(c.BOS), int32(c.EOS))
	})
}

// suite encodes held-out items once for each chat template.
func (b *Bench) suite(chat *token.Chat, d *Data, kind Kind, n int, how evaluate.Kind) (*evaluate.Suite, error) {
	if n == 0 {
		return nil, nil
	}
	return share(b, fmt.Sprintf("suite/%s/%s/%d/%s/%d/%s/%s", d.Name, kind, n, how, d.MaxTokens, d.Judge, chat.Template.Source()), func() (*evaluate.Suite, error) {
		ex, err := b.held(d, kind, n)
		if err != nil {
			return nil, err
		}
		es, err := evaluate.NewSuite(chat, string(kind), how, ex, d.MaxTokens)
		if err == nil {
			es.Judge = d.Judge
		}
		return es, err
	})
}

// Keys gives a run's train key and ID.
func (b *Bench) Keys(s *Spec) (train, id string, err error) {
	src, err := b.source(s.Data.Name)
	if err != nil {
		return "", "", err
	}
	train = s.TrainKey(b.Digest, src.Digest(), compute.Bits(b.Machine.Class))
	return train, s.ID(train), nil
}
