package cuda

// SetTile fixes the tile of products.
func SetTile(d *Device, tile int) { d.tile = tile }

// Hold keeps everything in the queues until the returned function is called. What the device did before is forgotten.
func Hold(d *Device) (release func()) {
	d.Use()
	begun, gate, done := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		d.after(func() { close(begun); <-gate })
		close(done)
	}()
	<-begun
	return func() { close(gate); <-done }
}
