package lm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Longer texts are taken for something else than sentences.
const (
	maxLine = 1 << 20
	maxText = 64 << 20
)

// ReadSentences reads a text of one sentence a line. Empty lines are left out.
func ReadSentences(r io.Reader) ([]string, error) {
	var list []string
	lines := bufio.NewScanner(io.LimitReader(r, maxText+1))
	lines.Buffer(nil, maxLine)
	size, number := 0, 0
	for lines.Scan() {
		number++
		if size += len(lines.Bytes()) + 1; size > maxText {
			return nil, fmt.Errorf("lm: line %d: the text has more than %d MiB", number, maxText>>20)
		}
		if !utf8.Valid(lines.Bytes()) {
			return nil, fmt.Errorf("lm: line %d is not UTF-8 text", number)
		}
		if line := strings.TrimSpace(lines.Text()); line != "" {
			list = append(list, line)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("lm: line %d has more than %d MiB: a line is one sentence", number+1, maxLine>>20)
	} else if err != nil {
		return nil, err
	}
	return list, nil
}
