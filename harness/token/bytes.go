package token

// The byte alphabet of GPT-2: each byte has a printable rune; bytes that print stand for themselves.
var byteRune, runeByte = alphabet()

func alphabet() (of [256]rune, back map[rune]byte) {
	back = make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE) {
			r, next = next, next+1
		}
		of[b], back[r] = r, byte(b)
	}
	return of, back
}

// spell writes text in the byte alphabet.
func spell(text string) string {
	out := make([]rune, len(text))
	for i := range len(text) {
		out[i] = byteRune[text[i]]
	}
	return string(out)
}
