package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"
)

// baseConfig is what the caller says an external image's config holds.
type baseConfig struct {
	User         *string                       `json:"user"`
	Env          []string                      `json:"env"`
	Entrypoint   []string                      `json:"entrypoint"`
	Cmd          []string                      `json:"cmd"`
	WorkingDir   string                        `json:"working_dir"`
	Shell        []string                      `json:"shell"`
	OnBuild      []string                      `json:"on_build"`
	Labels       map[string]string             `json:"labels"`
	ExposedPorts []string                      `json:"exposed_ports"`
	Volumes      []string                      `json:"volumes"`
	Healthcheck  *dockerspec.HealthcheckConfig `json:"healthcheck"`
	StopSignal   string                        `json:"stop_signal"`
}

type built struct {
	Error        *failure  `json:"error"`
	Config       *config   `json:"config"`
	Inputs       []input   `json:"inputs"`        // images whose config was asked for, sorted
	Sources      []source  `json:"sources"`       // source operations the result needs, sorted
	ReachedLines []int     `json:"reached_lines"` // lines of instructions with an operation in the result
	Warnings     []warning `json:"warnings"`
}

type input struct {
	Reference text `json:"reference"`
	Platform  text `json:"platform"`
}

type source struct {
	Identifier text `json:"identifier"`
	Platform   text `json:"platform"`
}

type config struct {
	User         text            `json:"user"`
	Env          []text          `json:"env"`
	WorkingDir   text            `json:"working_dir"`
	Entrypoint   []text          `json:"entrypoint"` // null when unset
	Cmd          []text          `json:"cmd"`        // null when unset
	Shell        []text          `json:"shell"`      // null when unset
	Labels       map[string]text `json:"labels"`
	Healthcheck  *healthcheck    `json:"healthcheck"`
	ExposedPorts []text          `json:"exposed_ports"`
	Volumes      []text          `json:"volumes"`
	StopSignal   text            `json:"stop_signal"`
	OnBuild      []text          `json:"on_build"`
	OS           text            `json:"os"`
	Architecture text            `json:"architecture"`
	Variant      text            `json:"variant"`
}

type healthcheck struct {
	Test          []text `json:"test"`
	Interval      int64  `json:"interval"` // nanoseconds
	Timeout       int64  `json:"timeout"`
	StartPeriod   int64  `json:"start_period"`
	StartInterval int64  `json:"start_interval"`
	Retries       int    `json:"retries"`
}

func build(req *request) *built {
	out := &built{Inputs: []input{}, Sources: []source{}, ReachedLines: []int{}, Warnings: []warning{}}
	platform, err := normalized(req.Platform)
	if err != nil {
		out.Error = failed(err)
		return out
	}
	buildPlatform, err := normalized(req.BuildPlatform)
	if err != nil {
		out.Error = failed(err)
		return out
	}
	resolver := &madeUp{bases: req.Bases}
	caps := pb.Caps.CapSet(pb.Caps.All())
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), req.Dockerfile, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildArgs:      maps.Clone(req.BuildArgs),
			Target:         req.Target,
			BuildPlatforms: []ocispecs.Platform{buildPlatform},
		},
		TargetPlatform: &platform,
		MetaResolver:   resolver,
		LLBCaps:        &caps,
		SourceMap:      llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", nil),
		AllStages:      req.AllStages,
		Warn: func(rule, description, url, message string, location []parser.Range) {
			out.Warnings = append(out.Warnings, warning{Rule: text(rule), Message: text(message), Lines: lines(location)})
		},
	})
	out.Inputs = resolver.inputs()
	if err != nil {
		out.Error = failed(err)
		return out
	}
	if err := stageNames(req.Dockerfile); err != nil {
		out.Error = failed(err)
		return out
	}
	out.Config = describeConfig(result.Image)
	if err := describeGraph(result.State, caps, platform, out); err != nil {
		out.Error = failed(fmt.Errorf("marshal: %w", err))
	}
	return out
}

// stageNames refuses what the frontend refuses when it asks for a named context of each stage, which needs a client.
func stageNames(dockerfile []byte) error {
	ast, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return err
	}
	stages, _, err := instructions.Parse(ast.AST, nil)
	if err != nil {
		return err
	}
	for _, stage := range stages {
		if stage.Name == "" {
			continue
		}
		if _, err := reference.ParseNormalizedNamed(stage.Name); err != nil {
			return fmt.Errorf("invalid context name %s: %w", stage.Name, err)
		}
	}
	return nil
}

func normalized(name string) (ocispecs.Platform, error) {
	platform, err := platforms.Parse(cmp.Or(name, "linux/amd64"))
	return platforms.Normalize(platform), err
}

func describeConfig(image *dockerspec.DockerOCIImage) *config {
	c := image.Config
	out := &config{
		User: text(c.User), Env: texts(c.Env), WorkingDir: text(c.WorkingDir), Entrypoint: optional(c.Entrypoint),
		Cmd: optional(c.Cmd), Shell: optional(c.Shell), Labels: map[string]text{}, StopSignal: text(c.StopSignal),
		ExposedPorts: texts(slices.Sorted(maps.Keys(c.ExposedPorts))), Volumes: texts(slices.Sorted(maps.Keys(c.Volumes))),
		OnBuild: texts(c.OnBuild), OS: text(image.OS), Architecture: text(image.Architecture), Variant: text(image.Variant),
	}
	for key, value := range c.Labels {
		out.Labels[key] = text(value)
	}
	if h := c.Healthcheck; h != nil {
		out.Healthcheck = &healthcheck{
			Test: texts(h.Test), Interval: int64(h.Interval), Timeout: int64(h.Timeout),
			StartPeriod: int64(h.StartPeriod), StartInterval: int64(h.StartInterval), Retries: h.Retries,
		}
	}
	return out
}

func optional(in []string) []text {
	if in == nil {
		return nil
	}
	return texts(in)
}

// describeGraph lists the source operations of the result and the Dockerfile lines behind its operations.
func describeGraph(state llb.State, caps apicaps.CapSet, platform ocispecs.Platform, out *built) error {
	def, err := state.Marshal(context.Background(), llb.Platform(platform), llb.WithCaps(caps))
	if err != nil {
		return err
	}
	for _, raw := range def.Def {
		var op pb.Op
		if err := proto.Unmarshal(raw, &op); err != nil {
			return err
		}
		if src := op.GetSource(); src != nil {
			found := source{Identifier: text(src.Identifier)}
			if op.Platform != nil {
				found.Platform = text(platforms.Format(op.Platform.Spec()))
			}
			out.Sources = append(out.Sources, found)
		}
	}
	slices.SortFunc(out.Sources, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.Platform, b.Platform))
	})
	out.Sources = slices.Compact(out.Sources)
	if def.Source != nil {
		for _, locations := range def.Source.Locations {
			for _, location := range locations.Locations {
				for _, r := range location.Ranges {
					for line := r.Start.Line; line <= r.End.Line; line++ {
						out.ReachedLines = append(out.ReachedLines, int(line))
					}
				}
			}
		}
	}
	slices.Sort(out.ReachedLines)
	out.ReachedLines = slices.Compact(out.ReachedLines)
	return nil
}

// madeUp gives every external image a config that names it, and remembers what was asked for.
type madeUp struct {
	bases map[string]*baseConfig
	mu    sync.Mutex
	asked []input
}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (m *madeUp) ResolveImageConfig(
	_ context.Context, ref string, opt sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	platform := platforms.MustParse("linux/amd64")
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", "", nil, err
	}
	ref = reference.TagNameOnly(named).String()
	m.mu.Lock()
	m.asked = append(m.asked, input{Reference: text(ref), Platform: text(platforms.Format(platform))})
	m.mu.Unlock()
	base, given := m.bases[ref]
	if given && base == nil {
		return "", "", nil, errors.New(ref + ": not found")
	}
	image := dockerspec.DockerOCIImage{}
	image.Platform = platform
	image.RootFS = ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}
	user := "base-user:" + ref
	image.Config.User = user
	image.Config.Env = []string{"BASE_OF=" + ref}
	if given {
		base.apply(&image)
	}
	raw, err := json.Marshal(image)
	return ref, "", raw, err
}

func (b *baseConfig) apply(image *dockerspec.DockerOCIImage) {
	c := &image.Config
	if b.User != nil {
		c.User = *b.User
	}
	if b.Env != nil {
		c.Env = b.Env
	}
	c.Entrypoint, c.Cmd, c.WorkingDir, c.Shell = b.Entrypoint, b.Cmd, b.WorkingDir, b.Shell
	c.OnBuild, c.Labels, c.StopSignal, c.Healthcheck = b.OnBuild, b.Labels, b.StopSignal, b.Healthcheck
	c.ExposedPorts, c.Volumes = set(b.ExposedPorts), set(b.Volumes)
}

func set(keys []string) map[string]struct{} {
	out := map[string]struct{}{}
	for _, key := range keys {
		out[key] = struct{}{}
	}
	return out
}

func (m *madeUp) inputs() []input {
	out := slices.Clone(m.asked)
	slices.SortFunc(out, func(a, b input) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Platform, b.Platform))
	})
	out = slices.Compact(out)
	if out == nil {
		out = []input{}
	}
	return out
}
