package lab

import (
	"fmt"
	"time"

	"theriac/harness/align"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus/public"
	"theriac/harness/finetune"
	"theriac/harness/model"
	"theriac/harness/model/hub"
	"theriac/harness/model/tiny"
)

// openBase opens the profile's base, aligned if the profile says so.
func (l *Lab) openBase() (*model.Model, error) {
	if l.profile.Base == tiny.Name {
		return tiny.Open()
	}
	path, err := hub.Resolve(l.profile.Base)
	if err != nil {
		return nil, err
	}
	m, err := model.Open(path)
	if err != nil || l.profile.Align.Refusals == 0 {
		return m, err
	}
	return l.aligned(m)
}

// weightless says that the aligned base's shape will do: a plan computes nothing with its weights, and the recipe says their digest.
func (l *Lab) weightless() bool {
	return l.env.Plan && l.profile.Base != tiny.Name && l.profile.Align.Digest != ""
}

// aligned gives m fine-tuned by the profile's recipe; the first time on a machine that takes minutes. Where
// weights are not wanted it is m, which has their shape.
func (l *Lab) aligned(m *model.Model) (*model.Model, error) {
	chat, err := m.Chat()
	if err != nil {
		return nil, err
	}
	tokens := l.profile.Data.MaxTokens
	sets, err := public.Open(l.env.DataDir, finetune.Fits(chat, tokens))
	if err != nil {
		return nil, err
	}
	if l.weightless() {
		if kept, err := align.Kept(m, sets, l.profile.Align, tokens, l.env.Cache); err != nil || kept {
			return m, err
		}
		l.env.Host.Show(Output{Kind: "plan", Text: "the aligned base is not on this machine yet: the first run trains it, once, before what is counted here"})
		return m, nil
	}
	dev := cpu.New(l.env.Threads)
	defer dev.Close()
	last := time.Now()
	return align.Base(l.ctx, dev, m, sets, l.profile.Align, tokens, l.env.Cache, func(i *finetune.Info) {
		if l.env.Quiet || time.Since(last) < 2*time.Second {
			return
		}
		last = time.Now()
		l.env.Host.Show(Output{Kind: "progress", Text: fmt.Sprintf("aligned base: step %d/%d loss %.3f", i.Step, i.Steps, i.Loss)})
	})
}
