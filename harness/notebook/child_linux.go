package notebook

import "syscall"

// apart is the child in a process group of its own, which ends with its parent.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
