package main

import (
	"context"
	"encoding/json"

	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

// drift hears the mixes of a recipe at both ends of a long stream and prints what its length changes.
func (c *evalCmd) drift(ctx context.Context, std streams) error {
	listeners, err := c.listeners()
	if err != nil {
		return err
	}
	recipe, material, err := c.mixed(ctx)
	if err != nil {
		return err
	}
	config := training.DefaultDrift()
	config.Seed, config.Jobs = c.Seed, c.Jobs
	if c.Minutes != 0 {
		config.Minutes = c.Minutes
	}
	if n := recipe.Eval.Resamples; n != 0 {
		config.Resamples = n
	}
	line := newStatusLine(std.err)
	config.Progress = func(minute float64) { line.show("minute %.0f of %.0f", minute, config.Minutes) }
	result, err := training.Drift(ctx, recipe.Eval, material, listeners, config)
	line.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(result)
	}
	return result.WriteTable(std.out)
}

// listeners are the models, of a built-in name the causal one.
func (c *evalCmd) listeners() ([]training.Listener, error) {
	var list []training.Listener
	for _, name := range c.Model {
		mode := ""
		if !isPath(name) {
			mode = pretrained.Causal
		}
		m, err := loadModel(name, mode)
		if err != nil {
			return nil, err
		}
		l, err := training.NewListener(titleOf(name, c.Model), m)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}
