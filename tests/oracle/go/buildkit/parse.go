package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

type parsed struct {
	Error        *failure      `json:"error"` // parser.Parse failed
	Syntax       *text         `json:"syntax"`
	Escape       text          `json:"escape"`
	Directives   []directive   `json:"directives"`
	Instructions []instruction `json:"instructions"`
	Warnings     []warning     `json:"warnings"`
	StagesError  *failure      `json:"stages_error"` // the lines are well formed, the instructions are not
	Stages       []stage       `json:"stages"`
	GlobalArgs   []text        `json:"global_args"`
}

type directive struct {
	Name  text `json:"name"`
	Value text `json:"value"`
	Line  int  `json:"line"`
}

type instruction struct {
	Cmd       text      `json:"cmd"`
	Sub       *text     `json:"sub"` // the instruction inside ONBUILD, lower case
	JSON      bool      `json:"json"`
	Flags     []text    `json:"flags"`
	SubFlags  []text    `json:"sub_flags"`
	Original  text      `json:"original"`
	StartLine int       `json:"start_line"`
	EndLine   int       `json:"end_line"`
	Values    []text    `json:"values"`
	Heredocs  []heredoc `json:"heredocs"`
}

type heredoc struct {
	Name    text `json:"name"`
	Content text `json:"content"`
	Expand  bool `json:"expand"`
	Chomp   bool `json:"chomp"`
	FD      uint `json:"fd"`
}

type warning struct {
	Rule    text  `json:"rule"`
	Message text  `json:"message"`
	Lines   []int `json:"lines"`
}

type stage struct {
	Name     text    `json:"name"`
	Base     text    `json:"base"` // before expansion
	Platform text    `json:"platform"`
	Lines    []int   `json:"lines"`
	Commands []named `json:"commands"`
}

type named struct {
	Name  text  `json:"name"`
	Lines []int `json:"lines"`
}

func parse(dockerfile []byte) *parsed {
	out := &parsed{
		Escape: `\`, Directives: directives(dockerfile), Instructions: []instruction{}, Warnings: []warning{},
		Stages: []stage{}, GlobalArgs: []text{},
	}
	if reference, _, _, ok := parser.DetectSyntax(dockerfile); ok {
		syntax := text(reference)
		out.Syntax = &syntax
	}
	result, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		out.Error = failed(err)
		return out
	}
	out.Escape = text(string(result.EscapeToken))
	for _, node := range result.AST.Children {
		out.Instructions = append(out.Instructions, describe(node))
	}
	for _, w := range result.Warnings {
		out.Warnings = append(out.Warnings, warning{Message: text(w.Short), Lines: lines([]parser.Range{*w.Location})})
	}
	stages, globals, err := instructions.Parse(result.AST, linter.New(&linter.Config{})) // nil panics on a "# check=" comment
	if err != nil {
		out.StagesError = failed(err)
		return out
	}
	for _, s := range stages {
		out.Stages = append(out.Stages, describeStage(s))
	}
	for _, arg := range globals {
		for _, pair := range arg.Args {
			out.GlobalArgs = append(out.GlobalArgs, text(pair.Key))
		}
	}
	return out
}

// directives returns the parser directives BuildKit honours, up to the first duplicate.
func directives(dockerfile []byte) []directive {
	out := []directive{}
	reader := parser.DirectiveParser{}
	found, _ := reader.ParseAll(bytes.TrimPrefix(dockerfile, []byte{0xEF, 0xBB, 0xBF}))
	for _, d := range found {
		out = append(out, directive{Name: text(d.Name), Value: text(d.Value), Line: d.Location[0].Start.Line})
	}
	return out
}

func describe(node *parser.Node) instruction {
	out := instruction{
		Cmd: text(strings.ToLower(node.Value)), Flags: texts(node.Flags), SubFlags: []text{}, Original: text(node.Original),
		StartLine: node.StartLine, EndLine: node.EndLine, Values: []text{}, Heredocs: []heredoc{},
	}
	for _, h := range node.Heredocs {
		out.Heredocs = append(out.Heredocs, heredoc{
			Name: text(h.Name), Content: text(h.Content), Expand: h.Expand, Chomp: h.Chomp, FD: h.FileDescriptor,
		})
	}
	if node.Next != nil && len(node.Next.Children) > 0 {
		node = node.Next.Children[0]
		sub := text(strings.ToLower(node.Value))
		out.Sub, out.SubFlags = &sub, texts(node.Flags)
	}
	out.JSON = node.Attributes["json"]
	for next := node.Next; next != nil; next = next.Next {
		out.Values = append(out.Values, text(next.Value))
	}
	return out
}

func describeStage(s instructions.Stage) stage {
	out := stage{
		Name: text(s.Name), Base: text(s.BaseName), Platform: text(s.Platform), Lines: lines(s.Location),
		Commands: []named{},
	}
	for _, command := range s.Commands {
		out.Commands = append(out.Commands, named{Name: text(command.Name()), Lines: lines(command.Location())})
	}
	return out
}

func failed(err error) *failure {
	out := &failure{Message: text(err.Error())}
	var located *parser.LocationError
	if errors.As(err, &located) {
		for _, ranges := range located.Locations {
			out.Lines = append(out.Lines, lines(ranges)...)
		}
		slices.Sort(out.Lines)
		out.Lines = slices.Compact(out.Lines)
	}
	return out
}

// lines lists the 1-based lines the ranges cover, sorted, each once.
func lines(ranges []parser.Range) []int {
	out := []int{}
	for _, r := range ranges {
		for line := r.Start.Line; line <= r.End.Line; line++ {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
