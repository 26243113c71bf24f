package stats

// The studies of dose-response models, slopes, games, corrections and detectors.

var (
	doseStudies     []study
	detectorStudies []study
)
