package evaluate

import (
	"strings"
	"unicode"
)

// RougeL is the F-measure of ROUGE-L (Lin, 2004) between an output and its reference, 0 to 1: words are runs of
// letters a-z and digits in lower case, no stemming, as the rouge-score package has them. It is 0 where either has no word.
func RougeL(output, reference string) float64 {
	a, b := rougeWords(output), rougeWords(reference)
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	l := float64(longestCommon(a, b))
	if l == 0 {
		return 0
	}
	p, r := l/float64(len(a)), l/float64(len(b))
	return 2 * p * r / (p + r)
}

func rougeWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// longestCommon is the length of the longest common subsequence.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
