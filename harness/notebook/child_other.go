//go:build !linux

package notebook

import "syscall"

// apart is the child in a process group of its own. A parent that is killed outright leaves it to end by its closed output.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
