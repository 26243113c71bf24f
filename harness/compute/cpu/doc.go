// Package cpu implements compute.Device on the host: Go assembly where it pays
// (AVX2 with FMA, AVX-512, NEON; written by the gen_ files), and beside each kernel
// its plain Go twin, which is the definition: they agree bit for bit, so do any number
// of threads and any number of rows in a call. The order of every sum is compute's contract.
package cpu
