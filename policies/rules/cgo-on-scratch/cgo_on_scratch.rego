# METADATA
# title: A program that needs a C library ships without one
# description: >-
#   scratch and distroless static images hold no C library. A program that was linked against one does not start
#   there: the kernel says "no such file or directory", naming the program itself. Go uses cgo where a C
#   compiler is present, and Rust links glibc unless its target says musl.
# related_resources:
# - ref: https://pkg.go.dev/cmd/cgo
#   description: "Go, cgo"
# - ref: https://doc.rust-lang.org/reference/linkage.html#static-and-dynamic-c-runtimes
#   description: "Rust, C runtimes"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Build Go with `CGO_ENABLED=0`, Rust with `--target x86_64-unknown-linux-musl`, C with `-static`; or ship on `gcr.io/distroless/base-debian12:nonroot`."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [go, cargo, gcc, cc, g++, c++, clang, clang++]
package gate.rules["cgo-on-scratch"]

import data.gate.lib.builds
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(found.program.call.run), message), _fix[found.program.language]) if {
	some found in builds.shipped
	found.program.dynamic
	some stage in input.evidence.dockerfile.stages
	stage.index == found.stage
	stage.libc == "none"
	message := sprintf("a %s program built for %s ships on an image without a C library", [found.program.language, found.program.stage.libc])
}

_fix := {
	"Go": "Build with `CGO_ENABLED=0`, or ship on an image with a C library, such as `gcr.io/distroless/base-debian12:nonroot`.",
	"Rust": "Build with `--target x86_64-unknown-linux-musl`, or ship on `gcr.io/distroless/cc-debian12:nonroot`.",
	"C": "Link with `-static`, or ship on `gcr.io/distroless/cc-debian12:nonroot`.",
}
