package training

// Reliability compares a detector's scores with what was true, over all frames of all recordings: of the frames that got
// 0.8, eight in ten should hold speech, if scores are to be read as probabilities (DeGroot and Fienberg 1983, "The
// comparison and evaluation of forecasters").
type Reliability struct {
	Detector string `json:"detector"`
	Frames   int    `json:"frames"`
	// ECE is the expected calibration error: the distance between mean score and share of speech in a bin, averaged over
	// the frames (Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning").
	ECE  Figure `json:"ece"`
	Bins []Bin  `json:"bins"`
}

// Bin is the frames whose scores lie in one tenth of 0..1.
type Bin struct {
	Frames int    `json:"frames"`
	Score  Figure `json:"score"`  // mean
	Speech Figure `json:"speech"` // share of the frames
}

// reliabilityBins is the usual number. Most frames lie in the first and the last one: that is what a detector is for.
const reliabilityBins = 10

// NewReliability counts. scores[i] and labels[i] belong to recording i. Scores outside 0..1 count with the nearest bin.
func NewReliability(detector string, scores [][]float64, labels [][]bool) Reliability {
	r := Reliability{Detector: detector, Bins: make([]Bin, reliabilityBins)}
	var sums, speech [reliabilityBins]float64
	for i, row := range scores {
		for k, score := range row {
			b := int(max(0, min(score*reliabilityBins, reliabilityBins-1))) // held first: an int holds no infinity
			r.Bins[b].Frames++
			sums[b] += score
			if labels[i][k] {
				speech[b]++
			}
		}
		r.Frames += len(row)
	}
	for b := range r.Bins {
		n := float64(r.Bins[b].Frames)
		r.Bins[b].Score, r.Bins[b].Speech = Figure(sums[b]/n), Figure(speech[b]/n) // an empty bin has neither
		r.ECE += Figure(max(sums[b]-speech[b], speech[b]-sums[b]) / float64(r.Frames))
	}
	return r
}
