// Package audio turns bytes into samples: mono float32, full scale ±1.
//
// It is the first stage of the road from bytes to decisions, and the one that
// meets the outside world, so it believes nothing it is told. Bytes arrive in
// three ways:
//
//   - [Open] reads a WAV or FLAC file, recognised by its content, piece by
//     piece: a recording of three hours takes no more memory than one of three
//     seconds. [NewWAVReader] does the same for a WAV that comes through a pipe.
//   - [Format] decodes headerless audio of one agreed encoding, such as the
//     payloads of a live stream, and encodes the other way.
//   - [ReadAll] collects a whole recording for those who need it whole.
//
// Everywhere the channels are averaged, the sample rate is stated and never
// guessed, and input that cannot be trusted is an error that says where and
// what to do: a header that contradicts itself, a recording shorter than it
// claims, a sample that is not a number.
//
// What comes out has the rate of the recording. A [Resampler] takes it to the
// rate that the next stage wants:
//
//	file, err := audio.Open("call.wav")       // 44100 Hz
//	r, err := audio.NewResampler(file.Info().Rate, 16000)
//	...
//	out = r.Push(out, samples)                // again and again
//	out = r.Flush(out)                        // at the end
//
// It is causal, and states by [Resampler.Needed] how much input each output
// sample waits for; the bits that come out do not depend on how the input was
// cut into pieces, and its state can be saved and restored between any two.
//
// Errors about the content of a recording wrap [ErrFormat], [ErrTruncated] or
// [ErrSample].
package audio
