package main

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type lexerOptions struct {
	RawQuotes         bool `json:"raw_quotes"`
	RawEscapes        bool `json:"raw_escapes"`
	SkipProcessQuotes bool `json:"skip_process_quotes"`
	SkipUnsetEnv      bool `json:"skip_unset_env"`
}

type expanded struct {
	Error      *failure `json:"error"`
	Result     text     `json:"result"`
	Words      []text   `json:"words"` // the same text split on blanks, as ENV k v lists and heredocs need
	WordsError *failure `json:"words_error"`
	Matched    []text   `json:"matched"`
	Unmatched  []text   `json:"unmatched"`
}

func expand(req *request) *expanded {
	out := &expanded{Words: []text{}, Matched: []text{}, Unmatched: []text{}}
	token := '\\'
	if req.Escape != "" {
		token, _ = utf8.DecodeRuneInString(req.Escape)
	}
	env := mapEnv(req.Env)
	result, err := newLexer(token, req.Lexer).ProcessWordWithMatches(string(req.Word), env)
	if err != nil {
		out.Error = failed(err)
	} else {
		out.Result = text(result.Result)
		out.Matched = texts(slices.Sorted(maps.Keys(result.Matched)))
		out.Unmatched = texts(slices.Sorted(maps.Keys(result.Unmatched)))
	}
	words, err := newLexer(token, req.Lexer).ProcessWords(string(req.Word), env)
	if err != nil {
		out.WordsError = failed(err)
	} else {
		out.Words = texts(words)
	}
	return out
}

func newLexer(token rune, options lexerOptions) *shell.Lex {
	lexer := shell.NewLex(token)
	lexer.RawQuotes = options.RawQuotes
	lexer.RawEscapes = options.RawEscapes
	lexer.SkipProcessQuotes = options.SkipProcessQuotes
	lexer.SkipUnsetEnv = options.SkipUnsetEnv
	return lexer
}

type mapEnv map[string][]byte

// Get implements shell.EnvGetter.
func (e mapEnv) Get(key string) (string, bool) {
	value, ok := e[key]
	return string(value), ok
}

// Keys implements shell.EnvGetter.
func (e mapEnv) Keys() []string {
	return slices.Sorted(maps.Keys(e))
}
