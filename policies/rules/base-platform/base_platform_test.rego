package gate.rules["base-platform_test"]

import data.gate.lib.fixture
import data.gate.rules["base-platform"] as rule

_found(repository, platform, built) := {each.message | some each in found} if {
	base := {"registry": "docker.io", "repository": repository, "platform": platform}
	evidence := fixture.dockerfile([fixture.stage(0, {"target": true, "base": base})])
	found := rule.violations with input.evidence as object.union(evidence, {"subject": {"platform": built}})
}

test_reports_another_platform if {
	_found("arm64v8/alpine", null, "linux/amd64") == {"arm64v8/alpine holds images for linux/arm64, and this is built for linux/amd64"}
	_found("amd64/alpine", "linux/arm64", "linux/amd64") == {"amd64/alpine holds images for linux/amd64, and this is built for linux/arm64"}
}

test_accepts_the_same_and_all_others if {
	_found("arm64v8/alpine", null, "linux/arm64/v8") == set()
	_found("arm32v7/alpine", "linux/arm/v7", "linux/amd64") == set()
	_found("library/alpine", null, "linux/amd64") == set()
	_found("arm64v8/alpine", null, null) == set()
}
