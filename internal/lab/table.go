package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Table is part of what an experiment prints.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]any // a cell for each column: a string, an int or a float64
}

// Column is a heading, and how the numbers below it are printed.
type Column struct {
	Name   string
	Format string // of fmt; empty: %v. A NaN is printed as "-"
}

// Add appends a row.
func (t *Table) Add(cells ...any) {
	if len(cells) != len(t.Columns) {
		panic(fmt.Sprintf("lab: %d cells in a row of %d columns", len(cells), len(t.Columns)))
	}
	t.Rows = append(t.Rows, cells)
}

func (c Column) text(cell any) string {
	switch v := cell.(type) {
	case string:
		return v
	case float64:
		if math.IsNaN(v) {
			return "-"
		}
	}
	if c.Format == "" {
		return fmt.Sprint(cell)
	}
	return fmt.Sprintf(c.Format, cell)
}

// write prints the table: text to the left, numbers to the right.
func (t *Table) write(b *strings.Builder) {
	if t.Title != "" {
		fmt.Fprintln(b, t.Title)
	}
	width, right := make([]int, len(t.Columns)), make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		width[i] = utf8.RuneCountInString(c.Name)
		for _, row := range t.Rows {
			width[i] = max(width[i], utf8.RuneCountInString(c.text(row[i])))
			if _, text := row[i].(string); !text {
				right[i] = true
			}
		}
	}
	line := func(cell func(i int) string) {
		var l strings.Builder
		for i := range t.Columns {
			text := cell(i)
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(text))
			if right[i] {
				text = pad + text
			} else {
				text += pad
			}
			l.WriteString("  " + text)
		}
		fmt.Fprintln(b, strings.TrimRight(l.String(), " "))
	}
	line(func(i int) string { return t.Columns[i].Name })
	for _, row := range t.Rows {
		line(func(i int) string { return t.Columns[i].text(row[i]) })
	}
}

// MarshalJSON gives the numbers in full, and how they are printed; those that
// are none are null, infinite ones the text that is printed.
func (t Table) MarshalJSON() ([]byte, error) {
	out := struct {
		Title   string   `json:"title,omitempty"`
		Columns []string `json:"columns"`
		Formats []string `json:"formats"`
		Rows    [][]any  `json:"rows"`
	}{Title: t.Title, Rows: [][]any{}}
	for _, c := range t.Columns {
		out.Columns, out.Formats = append(out.Columns, c.Name), append(out.Formats, c.Format)
	}
	for _, row := range t.Rows {
		var cells []any
		for _, cell := range row {
			if v, ok := cell.(float64); ok && math.IsInf(v, 0) {
				cell = fmt.Sprint(v)
			}
			cells = append(cells, finite(cell))
		}
		out.Rows = append(out.Rows, cells)
	}
	return json.Marshal(out)
}

// MarshalJSON gives null for what is no number.
func (o Outcome) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for name, v := range o {
		out[name] = finite(v)
	}
	return json.Marshal(out)
}

// finite is nil for a number that JSON does not have.
func finite(cell any) any {
	if v, ok := cell.(float64); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return nil
	}
	return cell
}
