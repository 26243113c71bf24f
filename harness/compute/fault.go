package compute

import "errors"

// Fault is what a device panics with when its machine fails it: memory runs out, a launch fails. Operators are called by
// the thousand and return no errors; whoever started the work turns the panic into one with [Guard].
type Fault struct{ Err error }

func (f *Fault) Error() string { return f.Err.Error() }

// Unwrap is Err.
func (f *Fault) Unwrap() error { return f.Err }

// ErrMemory is in every Fault that comes of too little device memory.
var ErrMemory = errors.New("out of device memory")

// Guard calls do and returns its error, or the Fault that it panicked with.
func Guard(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*Fault)
			if !ok {
				panic(r)
			}
			err = f
		}
	}()
	return do()
}
