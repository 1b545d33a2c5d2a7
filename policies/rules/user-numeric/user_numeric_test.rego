package gate.rules["user-numeric_test"]

import data.gate.rules["user-numeric"] as rule

_user(value) := {"state": "assumed", "value": value, "root": false, "numeric": false, "exists": null, "uid": null, "gid": null}

_found(user) := {[found.message, found.fix] | some found in found_} if {
	found_ := rule.violations with input.evidence.facts.user as object.union(user, {"origin": null})
}

_named := "the user app is a name: Kubernetes cannot check that it is not root"

test_accepts_a_number if _found(object.union(_user("10001"), {"numeric": true, "uid": 10001})) == set()

test_leaves_root_to_non_root if _found(object.union(_user("root"), {"root": true, "uid": 0})) == set()

test_says_nothing_of_an_unknown_user if _found(object.union(_user(null), {"root": null, "numeric": null})) == set()

test_reports_a_name if _found(_user("app")) == {[_named, "Write the uid and gid, for example `USER 10001:10001`."]}

test_reports_a_name_whose_uid_is_known if {
	_found(object.union(_user("app"), {"uid": 10001})) == {[_named, "Write `USER 10001`."]}
}

test_reports_a_name_whose_uid_and_gid_are_known if {
	_found(object.union(_user("app"), {"uid": 10001, "gid": 0})) == {[_named, "Write `USER 10001:0`."]}
}

test_reports_a_name_that_cannot_exist if {
	_found(object.union(_user("app"), {"exists": false})) == {[
		"the user app cannot exist: nothing in the image's /etc/passwd can name it",
		"Write the uid and gid, for example `USER 10001:10001`.",
	]}
}
