package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// replaceBlock puts the block between the lines <!-- name --> and
// <!-- /name -->, each of which the page must have once, in that order.
func replaceBlock(page []byte, name, block string) ([]byte, error) {
	lines := strings.Split(string(page), "\n")
	from, err := only(lines, "<!-- "+name+" -->")
	if err != nil {
		return nil, err
	}
	to, err := only(lines, "<!-- /"+name+" -->")
	if err != nil {
		return nil, err
	}
	if to < from {
		return nil, fmt.Errorf("block %s ends before it begins", name)
	}
	between := []string{}
	if block != "" {
		between = []string{"", strings.TrimSpace(block), ""}
	}
	return []byte(strings.Join(slices.Replace(lines, from+1, to, between...), "\n")), nil
}

// only is where the marker stands, if that is one place.
func only(lines []string, marker string) (int, error) {
	at := slices.Index(lines, marker)
	if at < 0 || slices.Contains(lines[at+1:], marker) {
		return 0, fmt.Errorf("there is not exactly one line %s", marker)
	}
	return at, nil
}

// table writes rows as a markdown table that is also readable as it stands:
// columns are as wide as their longest cell. The first row is the heading;
// all columns but the first are numbers and stand at the right.
func table(rows [][]string) string {
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for r, row := range rows {
		for i, cell := range row {
			gap := strings.Repeat(" ", wide[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				cell += gap
			} else {
				cell = gap + cell
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
		if r == 0 {
			b.WriteString(rule(wide))
		}
	}
	return b.String()
}

// rule is the line below the heading of a table.
func rule(wide []int) string {
	var b strings.Builder
	for i, n := range wide {
		if i == 0 {
			b.WriteString("|:" + strings.Repeat("-", n+1))
		} else {
			b.WriteString("|" + strings.Repeat("-", n+1) + ":")
		}
	}
	return b.String() + "|\n"
}
