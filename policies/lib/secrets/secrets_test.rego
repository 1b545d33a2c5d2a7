package gate.lib.secrets_test

import data.gate.lib.fixture
import data.gate.lib.secrets

test_names if {
	secrets.named("NPM_TOKEN")
	not secrets.named("GPG_KEY_TOKEN")
	not secrets.named("GOOGLE_APPLICATION_CREDENTIALS")
}

test_values if {
	secrets.token("AKIAIOSFODNN7EXAMPLE")
	not secrets.token("hello")
	secrets.held({"cmd": "ARG", "raw": "X"}, ["X", null])
	secrets.held({"cmd": "ENV", "raw": "X=$X"}, ["X", ""])
	secrets.held({"cmd": "ENV", "raw": "X $X", "pairs": [["X", ""]]}, ["X", ""])
	not secrets.held({"cmd": "ENV", "raw": "X=\"\" Y=$Z", "pairs": [["X", ""], ["Y", ""]]}, ["X", ""])
	secrets.held({"cmd": "ENV", "raw": "X=y"}, ["X", "horse"])
	not secrets.held({"cmd": "ENV", "raw": "X=true"}, ["X", "true"])
}

test_copies_and_logins if {
	instructions := [
		fixture.instruction("COPY", 2, {"args": [".", "."]}),
		fixture.instruction("COPY", 3, {"args": ["x", "/srv/"]}),
		fixture.run(4, [fixture.command("aws", ["configure", "set", "aws_access_key_id", "x"])]),
	]
	evidence := fixture.single(instructions)
	found := secrets.copied(["AWS_CONFIG_FILE", "./config"]) with input.evidence as evidence
	[copy.instruction.line | some copy in found] == [2]
	absolute := secrets.copied(["AWS_CONFIG_FILE", "/srv/config"]) with input.evidence as evidence
	[copy.instruction.line | some copy in absolute] == [3]
	logins := secrets.logins with input.evidence as evidence
	[login.text | some login in logins] == ["aws configure set aws_access_key_id"]
}
