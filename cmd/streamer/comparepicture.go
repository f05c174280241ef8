package main

import "github.com/streamer-audio/streamer/training"

func (c *compareCmd) draw(result *training.Comparison) error { return nil }
