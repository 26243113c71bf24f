//go:build !amd64

package cpu

// assembled reports whether assembly runs here.
func assembled() bool { return false }

func choose(bool) {}
