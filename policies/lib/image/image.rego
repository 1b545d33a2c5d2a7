# METADATA
# title: Image references
# description: >-
#   Compares references with patterns that gate has compiled: `regex` against registry/repository, `tags` and
#   `not_tags` against the tag. With a digest the repository decides, and the tag is decoration.
package gate.lib.image

# METADATA
# description: Whether a reference (registry, repository, tag, digest, or the text "scratch") fits one pattern.
matches(pattern, ref) if {
	regex.match(pattern.regex, name(ref))
	_tag_fits(pattern, ref)
}

# METADATA
# description: Whether a reference fits one of the patterns.
matches_any(patterns, ref) if {
	some pattern in patterns
	matches(pattern, ref)
}

# METADATA
# description: What a pattern's regex is held against, registry/repository.
name(ref) := "scratch" if {
	ref.reference == "scratch"
} else := sprintf("%s/%s", [ref.registry, ref.repository])

# METADATA
# description: The tag that decides; none is "latest".
tag(ref) := ref.tag if {
	is_string(ref.tag)
	ref.tag != ""
} else := "latest"

# METADATA
# description: Whether a reference names its content.
has_digest(ref) if {
	is_string(ref.digest)
	ref.digest != ""
}

# METADATA
# description: The parts of a reference such as "docker.io/library/alpine:3.20@sha256:..."; short names are Docker Hub's.
parse(text) := {"reference": text, "registry": null, "repository": null, "tag": null, "digest": null} if {
	text == "scratch"
} else := {
	"reference": text,
	"registry": segments[0],
	"repository": concat("/", array.slice(segments, 1, count(segments))),
	"tag": _tag(named),
	"digest": _digest(text),
} if {
	named := split(text, "@")[0]
	segments := _segments(split(_without_tag(named), "/"))
}

_segments(written) := array.concat(["docker.io", "library"], written) if {
	count(written) == 1
} else := array.concat(["docker.io"], written) if {
	not regex.match(`[.:A-Z]|^localhost$`, written[0])
} else := written

# METADATA
# description: A compiled expression as the pattern somebody wrote.
glob(expression) := replace(replace(trim_suffix(trim_prefix(expression, "^"), "$"), ".*", "*"), "\\", "")

# METADATA
# description: Which tags a pattern takes, as in "tags 3.*, not 3.8"; only for a pattern that does not take every tag.
tags(pattern) := sprintf("tags %s", [_globs(pattern.tags)]) if {
	count(pattern.tags) > 0
	count(pattern.not_tags) == 0
} else := sprintf("tags other than %s", [_globs(pattern.not_tags)]) if {
	count(pattern.tags) == 0
} else := sprintf("tags %s, not %s", [_globs(pattern.tags), _globs(pattern.not_tags)])

_globs(expressions) := concat(", ", [glob(expression) | some expression in expressions])

_tag(named) := tag if {
	last := _last(split(named, "/"))
	contains(last, ":")
	tag := split(last, ":")[1]
} else := null

_digest(text) := split(text, "@")[1] if contains(text, "@")

else := null

_without_tag(named) := trim_suffix(named, sprintf(":%s", [_tag(named)])) if is_string(_tag(named))

else := named

_last(list) := list[count(list) - 1]

_tag_fits(_, ref) if has_digest(ref)

_tag_fits(pattern, ref) if {
	not has_digest(ref)
	_among(pattern.tags, tag(ref))
	not _listed(pattern.not_tags, tag(ref))
}

# No list of tags means any tag.
_among(expressions, _) if count(expressions) == 0

_among(expressions, tag) if _listed(expressions, tag)

_listed(expressions, tag) if {
	some expression in expressions
	regex.match(expression, tag)
}
