package align

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"theriac/harness/compute"
)

// key names the adapter: everything that decides it.
func (r *Recipe) key(base, sets string, maxTokens int) (string, error) {
	recipe := *r
	recipe.Digest = ""
	data, err := json.Marshal(struct {
		Kind, Base, Sets, Numerics, Own string
		MaxTokens                       int
		Refusals                        []string
		Recipe                          Recipe
	}{"theriac/align/1", base, sets, compute.NumericsVersion, lookAlikes, maxTokens, Refusals, recipe})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
