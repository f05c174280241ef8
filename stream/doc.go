// Package stream connects a [pipeline.Pipeline] to NATS: audio chunks of many
// streams come in on audio.<stream>, answers go out as JSON on
// speech.<stream>.event, .final, .frame and .status.
//
// The way of one chunk, and the file that tells it:
//
//	wire.go       headers and payload of a message -> Chunk; no state, no copy
//	worker.go     one subscription; each message goes into the queue of its stream
//	lane.go       a bounded queue for each stream: order is kept, and a stream
//	              that falls behind loses its newest chunks, counted
//	pool.go       few goroutines, which answer a chunk of some streams at a time
//	track.go      the bookkeeping of one stream: which session is open, what is
//	session.go    missing, what is a repeat, what must be refused; no NATS, no
//	              goroutine, no clock in these two
//	latency.go    how soon answers are asked for, and which pipeline gives them
//	emit.go       what the track says, and how often
//	outbox.go     events -> messages
//
// Around it: service.go (how a worker announces itself, and how two workers
// find out that one of them must not start), drain.go (how a worker stops
// without losing an answer), stray.go (messages that belong nowhere), server.go
// (a NATS server inside the process), connect.go (how to reach one outside),
// publisher.go and watcher.go (the two ends that a person uses).
//
// # Rules
//
// A header that is absent says nothing. The format is that of the first chunk
// of a session, s16le at 16 kHz with one channel when that chunk says nothing,
// and the session of a message without Speech-Session is the one that is open.
// The one exception: a stream whose anonymous session was superseded keeps
// headerless chunks apart, since they come from the producer that lost.
//
// As the format does, the greatest latency that is asked for counts on the first
// chunk of a session. Speech-Max-Latency is a time with its unit (100ms, 0.1s) or
// a number of milliseconds (62.5), and the session gets, of the pipelines of
// Config.Choice, the one that hears most within it at the rate of the session.
// Without it Config.MaxLatency counts, and without that the worker's default
// pipeline answers. Where nothing is soon enough no session opens
// ([LatencyUnmet]). A later chunk may repeat the value; another one is refused
// ([LatencyChanged]). The begin event says what the session got: latency_s is
// pipeline.Pipeline.Latency, the worst case, in seconds.
//
// What is refused is answered by an error event ([Code] lists them all) on
// speech.<stream>.status and counts as lost audio; the session goes on. A bad
// first chunk opens nothing. Of each code a session sees the first sixteen
// errors, then the 32nd, 64th, 128th and so on: a rule of the input alone.
// Messages that get no queue (a bad name, too many streams) share a limit of ten
// error events a second.
//
// What is lost is a gap event, and positions advance by it, so that
//
//	sample of begin + audio heard + lost_samples of all gaps = sample of end
//
// whether the chunks were lost on the way (Speech-Seq, Speech-Sample), dropped
// here from a full queue, or refused.
//
// A session begins for one of these reasons:
//
//	new       its first chunk
//	joined    its first chunk to arrive was not its first chunk; a gap event
//	          for what is missing follows
//	resumed   it had ended here, and its numbering goes on, as does n
//	restart   it had ended here, and its numbering starts again, as does n
//
// and ends because of
//
//	end         Speech-Control: end
//	idle        nothing came for Config.IdleTimeout
//	superseded  another session of the same stream began
//	drain       the worker stopped; all that had arrived was answered
//	error       it could not go on; an error event says why
//
// A message with a reply subject below _INBOX. gets an empty reply once it and
// everything before it in its stream is answered: this is how a producer that
// is faster than real time holds itself back. Other reply subjects are ignored,
// since the sender might not be allowed to publish there itself.
package stream
