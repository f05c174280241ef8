package lm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Units that a text is cut into.
const (
	Words      = "word" // runs of letters and digits in lower case; the rest only separates them
	Characters = "char" // all characters, with runs of white space as one space
)

// Tokens that are in every vocabulary.
const (
	EOS = "<EOS>" // the end of a sentence
	UNK = "<UNK>" // any word that is not in the vocabulary
)

// Their numbers.
const (
	eos = iota
	unk
)

// MaxTokens is the largest vocabulary. A softmax costs as much as it has tokens,
// so that larger ones would be of no use.
const MaxTokens = 1 << 15

// maxVocabularyBytes is as much JSON as fits into the header of a model file,
// where it is quoted once more.
const maxVocabularyBytes = 400 << 10

// Vocabulary numbers tokens: 0 is <EOS>, 1 is <UNK>. It never changes, and is safe
// for use by many goroutines.
type Vocabulary struct {
	unit   string
	tokens []string
	number map[string]int
}

// NewVocabulary takes the tokens of a text that occur at least minCount times,
// most frequent first and those of equal frequency in the order of their bytes,
// until the vocabulary has most tokens, <EOS> and <UNK> among them. most 0 means
// that all must fit into [MaxTokens]; then it is an error if they do not.
func NewVocabulary(unit string, sentences []string, minCount, most int) (*Vocabulary, error) {
	if err := checkUnit(unit); err != nil {
		return nil, err
	}
	if most != 0 && (most < 3 || most > MaxTokens) {
		return nil, fmt.Errorf("lm: a vocabulary of %d tokens is not within 3..%d", most, MaxTokens)
	}
	count := make(map[string]int)
	for _, s := range sentences {
		for _, t := range split(unit, s) {
			count[t]++
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n < minCount })
	if len(count) == 0 {
		return nil, fmt.Errorf("lm: no %s of the text occurs %d times: there is nothing to learn", unit, max(1, minCount))
	}
	tokens := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	if most == 0 && len(tokens)+2 > MaxTokens {
		return nil, fmt.Errorf("lm: the text has %d different tokens, a vocabulary at most %d: ask for a smaller one or a greater least count",
			len(tokens), MaxTokens-2)
	}
	if most != 0 && len(tokens)+2 > most {
		tokens = tokens[:most-2]
	}
	return newVocabulary(unit, append([]string{EOS, UNK}, tokens...))
}

func checkUnit(unit string) error {
	if unit != Words && unit != Characters {
		return fmt.Errorf("lm: unit %q is unknown; known: %s, %s", unit, Words, Characters)
	}
	return nil
}

// newVocabulary checks what may come from a file.
func newVocabulary(unit string, tokens []string) (*Vocabulary, error) {
	if err := checkUnit(unit); err != nil {
		return nil, err
	}
	if len(tokens) < 3 || len(tokens) > MaxTokens {
		return nil, fmt.Errorf("lm: a vocabulary of %d tokens is not within 3..%d", len(tokens), MaxTokens)
	}
	if tokens[eos] != EOS || tokens[unk] != UNK {
		return nil, fmt.Errorf("lm: the vocabulary begins with %.64q, %.64q and not with %s, %s", tokens[eos], tokens[unk], EOS, UNK)
	}
	v := &Vocabulary{unit: unit, tokens: tokens, number: make(map[string]int, len(tokens))}
	for i, t := range tokens {
		if _, taken := v.number[t]; taken {
			return nil, fmt.Errorf("lm: token %.64q is in the vocabulary twice", t)
		}
		if i > unk && !isToken(unit, t) {
			return nil, fmt.Errorf("lm: token %d of the vocabulary, %.64q, is no %s", i, t, unit)
		}
		v.number[t] = i
	}
	if n := len(v.json()); n > maxVocabularyBytes {
		return nil, fmt.Errorf("lm: a vocabulary of %d tokens takes %d bytes, at most %d fit into a model file: ask for a smaller one",
			len(tokens), n, maxVocabularyBytes)
	}
	return v, nil
}

// isToken tells whether splitting a text can give t.
func isToken(unit, t string) bool {
	if unit == Characters {
		return utf8.RuneCountInString(t) == 1
	}
	list := words(t)
	return len(list) == 1 && list[0] == t
}

// Unit is Words or Characters.
func (v *Vocabulary) Unit() string { return v.unit }

// Len is the number of tokens.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Token returns the token of a number.
func (v *Vocabulary) Token(number int) string { return v.tokens[number] }

// Encode returns the numbers of the tokens of a text, without <EOS>, and those
// that are not in the vocabulary and so have the number of <UNK>.
func (v *Vocabulary) Encode(text string) (tokens []int, unknown []string) {
	for _, t := range split(v.unit, text) {
		i, known := v.number[t]
		if !known {
			i, unknown = unk, append(unknown, t)
		}
		tokens = append(tokens, i)
	}
	return tokens, unknown
}

// Decode returns the text of so many tokens.
func (v *Vocabulary) Decode(tokens []int) string {
	list := make([]string, len(tokens))
	for i, t := range tokens {
		list[i] = v.tokens[t]
	}
	if v.unit == Words {
		return strings.Join(list, " ")
	}
	return strings.Join(list, "")
}

// vocabularyFile is how a vocabulary is written down.
type vocabularyFile struct {
	Unit   string   `json:"unit"`
	Tokens []string `json:"tokens"`
}

func (v *Vocabulary) json() []byte {
	b, err := json.Marshal(vocabularyFile{v.unit, v.tokens})
	if err != nil {
		panic(err) // strings only
	}
	return b
}

func parseVocabulary(b []byte) (*Vocabulary, error) {
	if len(b) == 0 {
		return nil, errors.New("lm: the model has no vocabulary; was it written by `streamer lm train`?")
	}
	var f vocabularyFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("lm: vocabulary: %w", err)
	}
	return newVocabulary(f.Unit, f.Tokens)
}

// split cuts a text into tokens.
func split(unit, text string) []string {
	if unit == Words {
		return words(text)
	}
	var list []string
	for _, r := range strings.Join(strings.Fields(text), " ") {
		list = append(list, string(r))
	}
	return list
}

// words are the runs of letters, marks and digits of a text in lower case.
// Apostrophes and hyphens between two of them belong to a word.
func words(text string) (list []string) {
	runes := []rune(strings.ToLower(strings.ReplaceAll(text, "’", "'")))
	for i := 0; i < len(runes); i++ {
		first := i
		for i < len(runes) && (inWord(runes[i]) || first < i && joins(runes, i)) {
			i++
		}
		if first < i {
			list = append(list, string(runes[first:i]))
		}
	}
	return list
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }

func joins(runes []rune, i int) bool {
	return (runes[i] == '\'' || runes[i] == '-') && i+1 < len(runes) && inWord(runes[i+1])
}
