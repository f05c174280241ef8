package lm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"The cat's asleep.":                {"the", "cat's", "asleep"},
		"well-known -- pears, 'and' pairs": {"well-known", "pears", "and", "pairs"},
		"It’s 15 °C":                       {"it's", "15", "c"},
		"":                                 nil,
		" ... -'- ":                        nil,
		"ÄRGER naïve е́":                   {"ärger", "naïve", "е́"},
		"<EOS> <UNK>":                      {"eos", "unk"},
		"a\xffb":                           {"a", "b"},
		"end-":                             {"end"},
	} {
		if got := words(in); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	if got := split(Characters, "  a  B\tc\n"); !slices.Equal(got, []string{"a", " ", "B", " ", "c"}) {
		t.Errorf("characters are %q", got)
	}
}

// Order is by count, then by bytes, whatever the order of the text.
func TestVocabularyIsTheSameForTheSameText(t *testing.T) {
	v, err := NewVocabulary(Words, text, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{EOS, UNK, "the", "cat", "a", "dog", "bird", "sees", "sleeps", "and", "old", "sings"}
	if !slices.Equal(v.tokens, want) {
		t.Errorf("%q, want %q", v.tokens, want)
	}
	turned := slices.Clone(text)
	slices.Reverse(turned)
	again, err := NewVocabulary(Words, turned, 1, 0)
	if err != nil || !slices.Equal(again.tokens, v.tokens) {
		t.Errorf("the text backwards has %q, error %v", again.tokens, err)
	}
	least, err := NewVocabulary(Words, text, 4, 0)
	if err != nil || !slices.Equal(least.tokens, want[:9]) {
		t.Errorf("at least 4 times: %q, error %v", least.tokens, err)
	}
	most, err := NewVocabulary(Words, text, 0, 5)
	if err != nil || !slices.Equal(most.tokens, want[:5]) {
		t.Errorf("at most 5: %q, error %v", most.tokens, err)
	}
	tokens, unknown := most.Encode("The old cat, the zebra")
	if !slices.Equal(tokens, []int{2, 1, 3, 2, 1}) || !slices.Equal(unknown, []string{"old", "zebra"}) {
		t.Errorf("numbers %v, unknown %q", tokens, unknown)
	}
	if got := most.Decode(tokens); got != "the <UNK> cat the <UNK>" {
		t.Errorf("decoded %q", got)
	}
	parsed, err := parseVocabulary(v.json())
	if err != nil || !slices.Equal(parsed.tokens, v.tokens) || parsed.unit != v.unit {
		t.Errorf("came back as %q, error %v", parsed.tokens, err)
	}
}

func TestVocabulariesThatAreNone(t *testing.T) {
	many := make([]string, MaxTokens)
	for i := range many {
		many[i] = fmt.Sprintf("w%d", i)
	}
	long := make([]string, 500)
	for i := range long {
		long[i] = strings.Repeat("y", 1000) + fmt.Sprint(i)
	}
	for want, f := range map[string]func() (*Vocabulary, error){
		"unit \"syllable\"":               func() (*Vocabulary, error) { return NewVocabulary("syllable", text, 1, 0) },
		"2 tokens is not within 3..32768": func() (*Vocabulary, error) { return NewVocabulary(Words, text, 1, 2) },
		"99999 tokens":                    func() (*Vocabulary, error) { return NewVocabulary(Words, text, 1, 99999) },
		"no word of the text occurs 99":   func() (*Vocabulary, error) { return NewVocabulary(Words, text, 99, 0) },
		"nothing to learn":                func() (*Vocabulary, error) { return NewVocabulary(Words, nil, 0, 0) },
		"32768 different tokens":          func() (*Vocabulary, error) { return NewVocabulary(Words, many, 1, 0) },
		"takes 502952 bytes":              func() (*Vocabulary, error) { return NewVocabulary(Words, long, 1, 0) },
		"no vocabulary":                   func() (*Vocabulary, error) { return parseVocabulary(nil) },
		"unknown field":                   func() (*Vocabulary, error) { return parseVocabulary([]byte(`{"unit":"word","size":1}`)) },
		"begins with":                     func() (*Vocabulary, error) { return newVocabulary(Words, []string{UNK, EOS, "a"}) },
		"twice":                           func() (*Vocabulary, error) { return newVocabulary(Words, []string{EOS, UNK, "a", "a"}) },
		"is no word":                      func() (*Vocabulary, error) { return newVocabulary(Words, []string{EOS, UNK, "a b"}) },
		"is no char":                      func() (*Vocabulary, error) { return newVocabulary(Characters, []string{EOS, UNK, "ab"}) },
		"0 tokens":                        func() (*Vocabulary, error) { return newVocabulary(Words, nil) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if v, err := NewVocabulary(Words, many, 1, 1000); err != nil || v.Len() != 1000 {
		t.Errorf("cut to a size, error %v", err)
	}
}

func TestReadSentences(t *testing.T) {
	got, err := ReadSentences(strings.NewReader("one\r\n\n  two words \n\t\nthree"))
	if err != nil || !slices.Equal(got, []string{"one", "two words", "three"}) {
		t.Errorf("%q, error %v", got, err)
	}
	for want, in := range map[string]string{
		"line 2 is not UTF-8":         "a\n\xff\n",
		"line 3 has more than 1 MiB":  "a\nb\n" + strings.Repeat("x", maxLine+1),
		"the text has more than 64 M": strings.Repeat(strings.Repeat("x", 1000)+"\n", maxText/1000),
	} {
		if _, err := ReadSentences(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

// Whatever the text, its tokens can be tokens of a vocabulary, and the text that
// they make has the same tokens.
func FuzzSplit(f *testing.F) {
	for _, s := range append(text, "İstanbul ǅ ’n’ a-b--c", "e\u0301 1st ½ \u200d", "a\u00a0b \x00\xff") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, unit := range []string{Words, Characters} {
			list := split(unit, s)
			for _, token := range list {
				if !isToken(unit, token) || !utf8.ValidString(token) {
					t.Fatalf("%q: %q is no %s", s, token, unit)
				}
			}
			if len(list) == 0 {
				continue
			}
			v, err := NewVocabulary(unit, []string{s}, 1, MaxTokens)
			if err != nil {
				t.Skip(err) // too large
			}
			numbers, unknown := v.Encode(s)
			if len(numbers) != len(list) || v.Len() < MaxTokens && len(unknown) > 0 {
				t.Fatalf("%q: %d tokens, %d numbers, %q unknown", s, len(list), len(numbers), unknown)
			}
			if got := split(unit, v.Decode(numbers)); len(unknown) == 0 && !slices.Equal(got, list) {
				t.Fatalf("%q: written down and cut again it is %q", s, got)
			}
			if _, err := parseVocabulary(v.json()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
