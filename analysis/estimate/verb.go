package estimate

// Verb words a comparison by what its test showed: kind is "greater", "less" or "non-inferior".
func Verb(kind string, shown bool) string {
	verb := map[string][2]string{
		"greater":      {"is not shown to exceed", "exceeds"},
		"less":         {"is not shown to be below", "is below"},
		"non-inferior": {"is not shown to be non-inferior to", "is non-inferior to"},
	}[kind]
	if shown {
		return verb[1]
	}
	return verb[0]
}
