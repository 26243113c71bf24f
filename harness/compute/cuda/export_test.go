package cuda

// SetTile fixes the tile of products.
func SetTile(d *Device, tile int) { d.tile = tile }
