package stats

// The studies of proportions, resampling, ranks, pairs and effect sizes.

var (
	rateStudies       []study
	resamplingStudies []study
	rankStudies       []study
	pairedStudies     []study
	effectStudies     []study
)
