// Package training turns recordings into trained models and measures what they are worth.
//
// The road of one training frame:
//
//	manifest -> clips in memory -> labels from the clean file -> seeded mixing -> features -> batch -> models/train
//
// Everything random is a pure function of the recipe, its seed and a counter: a mixed sequence depends on
// (recipe, seed, lane, number) and on nothing that ran before it, so that any number of goroutines may prepare
// sequences ahead and a run can be stopped and resumed without changing a bit of the result.
//
// An evaluation asks any number of detectors about the same recordings. It says what their scores are worth frame by
// frame, what segments the decider of package pipeline makes of them, and how far they are from being probabilities. A
// comparison asks models that wait for what follows, differently long, and says what waiting buys.
package training

// Rate is the sample rate in Hz at which clips are kept in memory, mixed and labelled. Files of another rate are
// resampled while they are loaded.
const Rate = 16000

// labelHop is the number of samples at Rate between two label frames: 10 ms.
const labelHop = Rate / 100
