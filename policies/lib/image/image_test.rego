package gate.lib.image_test

import data.gate.lib.image

_alpine := {"regex": `^docker\.io/library/alpine$`, "tags": [], "not_tags": []}

_slim := {"regex": `^docker\.io/library/python$`, "tags": [`^.*\-slim$`, `^3\.12$`], "not_tags": [`^3\.8.*$`]}

_latest := {"regex": `^a\.io/b$`, "tags": ["^latest$"], "not_tags": []}

test_matches_any_tag if image.matches(_alpine, image.parse("docker.io/library/alpine:3.20"))

test_matches_a_listed_tag if image.matches(_slim, image.parse("docker.io/library/python:3.12-slim"))

test_matches_no_other_tag if not image.matches(_slim, image.parse("docker.io/library/python:3.12-alpine"))

test_matches_no_excluded_tag if not image.matches(_slim, image.parse("docker.io/library/python:3.8-slim"))

test_matches_no_longer_name if not image.matches(_alpine, image.parse("docker.io/library/alpine-evil:1"))

test_matches_no_other_registry if not image.matches(_alpine, image.parse("evil.io/library/alpine:1"))

test_with_a_digest_the_tag_is_decoration if {
	image.matches(_slim, image.parse("docker.io/library/python:3.8-debug@sha256:00"))
	not image.matches(_slim, image.parse("docker.io/library/node:3.12-slim@sha256:00"))
}

test_no_tag_is_latest if {
	image.matches(_latest, image.parse("a.io/b"))
	not image.matches(_latest, image.parse("a.io/b:1"))
}

test_scratch_is_no_image if {
	scratch := {"regex": "^scratch$", "tags": [], "not_tags": []}
	image.matches(scratch, image.parse("scratch"))
	not image.matches(scratch, image.parse("docker.io/library/scratch"))
}

test_matches_any_of_several if {
	image.matches_any([_slim, _alpine], image.parse("docker.io/library/alpine:3"))
	not image.matches_any([_slim, _alpine], image.parse("docker.io/library/debian:12"))
}

test_parse if {
	image.parse("localhost:5000/a/b:1@sha256:00") == {
		"reference": "localhost:5000/a/b:1@sha256:00",
		"registry": "localhost:5000",
		"repository": "a/b",
		"tag": "1",
		"digest": "sha256:00",
	}
}

test_parse_completes_short_names if {
	got := [[ref.registry, ref.repository, ref.tag] |
		some text in ["alpine", "acme/api:1", "localhost/x", "a.io/x"]
		ref := image.parse(text)
	]
	got == [
		["docker.io", "library/alpine", null],
		["docker.io", "acme/api", "1"],
		["localhost", "x", null],
		["a.io", "x", null],
	]
}

test_glob if image.glob(`^.*\-slim.*$`) == "*-slim*"

test_tags_in_words if {
	image.tags({"tags": ["^3\\..*$", "^edge$"], "not_tags": []}) == "tags 3.*, edge"
	image.tags({"tags": [], "not_tags": ["^latest$"]}) == "tags other than latest"
	image.tags({"tags": ["^3\\..*$"], "not_tags": ["^3\\.8$"]}) == "tags 3.*, not 3.8"
}
