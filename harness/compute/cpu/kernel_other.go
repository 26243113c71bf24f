//go:build !amd64 && !arm64

package cpu

import "runtime"

func instructionSets() []instructionSet { return []instructionSet{portable} }

// pause gives way while waiting.
func pause(int) { runtime.Gosched() }
