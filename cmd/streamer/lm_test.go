package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

// recipeOf is what the flags of a command line train.
func recipeOf(t *testing.T, args ...string) lm.Config {
	t.Helper()
	var c struct {
		LM lmCmd `cmd:"" name:"lm"`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c.LM.Train.config()
}

func TestFlagsHaveTheDefaultsOfTheLibrary(t *testing.T) {
	if got, want := recipeOf(t, "lm", "train", "text.txt"), lm.DefaultConfig(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The command that go generate runs is the one that has trained the shipped model.
func TestShippedModelIsOfItsCommand(t *testing.T) {
	source, err := os.ReadFile("../../models/pretrained/kitchen/kitchen.go")
	if err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(string(source), "\n//go:generate go run ../../../cmd/streamer ")
	command, _, _ = strings.Cut(command, "\n")
	m, err := kitchen.Load()
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(recipeOf(t, strings.Fields(command)...))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Net().Info().Provenance["recipe"]; got != string(want) {
		t.Errorf("the model was trained by %s, the command says %s", got, want)
	}
}
