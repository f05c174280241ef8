// Package bench measures how fast a worker answers live streams, how many it
// can answer, and where the time goes, on the machine and the NATS server that
// it is run on.
//
// The load is an open loop: chunks of speech are due on an absolute schedule, as
// a microphone would deliver them, and go out whether or not earlier ones have
// been answered. Times count from when a chunk was due, so that a stall of the
// worker, of the broker or of the generator itself shows in every chunk that it
// delayed and not only in the first (the "coordinated omission" of closed
// loops). How late the generator was is shown apart.
//
// An echo of the same messages through the same server, by turns with the
// worker, is the floor: what NATS alone costs on this machine. Numbers of two
// machines, or of two runs on a busy one, cannot be compared; those of one run
// can, and [Host] tells how busy the machine was.
//
// [Latency], [Capacity], [Soak], [Steps] and [Offline] are the measurements. Each
// returns a report that is JSON and prints itself.
package bench
