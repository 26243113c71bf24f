// Package symbols is what scripts may import, as yaegi's symbol tables. generate.go writes all other files.
package symbols

import "reflect"

//go:generate go run generate.go

// Symbols by "import/path/package" and name.
var Symbols = map[string]map[string]reflect.Value{}
