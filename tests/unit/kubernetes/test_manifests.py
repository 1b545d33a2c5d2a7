"""Manifests are read with a line for every pointer, and as strictly as the API server reads them."""

from __future__ import annotations

import pytest
from gate.errors import ManifestError
from gate.evidence.kubernetes.manifests import read_manifests

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: api
      image: nginx
"""


def test_lines_point_at_the_value_s_key() -> None:
    (pod,) = read_manifests(POD.encode(), "pod.yaml")
    assert pod.line == 1
    assert pod.lines["/spec/containers/0/image"] == 7
    assert pod.lines["/spec/containers/0"] == 6


def test_many_documents_and_lists_are_taken_apart() -> None:
    text = (
        "---\n"
        + POD
        + "---\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec:\n    containers: []\n"
    )
    found = read_manifests(text.encode(), "all.yaml")
    assert [(o.obj["kind"], o.line) for o in found] == [("Pod", 2), ("Pod", 14)]
    assert found[1].lines["/spec/containers"] == 17


def test_lists_in_lists_are_taken_apart_as_kubectl_does() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n"
        "  - apiVersion: v1\n    kind: Pod\n    spec:\n      containers: []\n"
    )
    found = read_manifests(text.encode(), "all.yaml")
    assert [(o.obj["kind"], o.line) for o in found] == [("Pod", 7)]
    assert found[0].lines["/spec/containers"] == 10


def test_a_list_of_very_many_objects_is_read_in_one_go() -> None:
    item = '{"apiVersion":"v1","kind":"A"}'
    found = read_manifests(f'{{"apiVersion":"v1","kind":"List","items":[{",".join([item] * 20_000)}]}}'.encode(), "x")
    assert len(found) == 20_000


def test_merges_that_multiply_are_refused() -> None:
    lines = [f"x{i}: &x{i} {{<<: [{', '.join([f'*x{i - 1}'] * 12)}]}}" for i in range(1, 12)]
    text = "\n".join(["apiVersion: v1", "kind: Pod", "x0: &x0 {}", *lines])
    with pytest.raises(ManifestError, match="more than 500,000 values"):
        read_manifests(text.encode(), "pod.yaml")


def test_json_is_read_as_well() -> None:
    (pod,) = read_manifests(b'{"apiVersion":"v1","kind":"Pod","spec":{"containers":[]}}', "pod.json")
    assert pod.obj["kind"] == "Pod"


def test_merge_keys_and_anchors_are_followed() -> None:
    text = "apiVersion: v1\nkind: Pod\nx: &a {image: evil}\nspec: {containers: [{<<: *a, name: b}]}\n"
    (pod,) = read_manifests(text.encode(), "pod.yaml")
    assert pod.obj["spec"]["containers"] == [{"image": "evil", "name": "b"}]


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (POD + "      image: good\n", "pod.yaml:8", "'image' is here twice"),
        ("a: [", "pod.yaml:2", "not valid YAML"),
        ("just text", "pod.yaml:1", "not a Kubernetes object"),
        ("kind: Pod\n", "pod.yaml:1", "no apiVersion"),
        ("apiVersion: v1\nkind: List\nitems: [5]\n", "pod.yaml:1", "item 0"),
        ("apiVersion: v1\nkind: Pod\n? [a, b]\n: c\n", "pod.yaml:3", "a key is not text"),
        ("apiVersion: v1\nkind: Pod\nspec: !!python/object:os.system {}\n", "pod.yaml", ""),
    ],
)
def test_what_is_not_a_manifest_is_an_error_with_its_line(text: str, where: str, said: str) -> None:
    if "python/object" in text:
        (pod,) = read_manifests(text.encode(), "pod.yaml")
        assert pod.obj["spec"] == {}
        return
    with pytest.raises(ManifestError) as caught:
        read_manifests(text.encode(), "pod.yaml")
    assert caught.value.where == where
    assert said in caught.value.message


def test_a_template_is_named_as_such() -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifests(b"apiVersion: v1\nkind: Pod\nspec: {{ .Values.x }}\nname: {{ x }}-a\n", "t.yaml")
    assert caught.value.hint is not None and "helm template" in caught.value.hint


def test_an_alias_bomb_ends_in_an_error() -> None:
    lines = ["apiVersion: v1", "kind: Pod", "a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(ManifestError, match="aliases counted"):
        read_manifests("\n".join(lines).encode(), "bomb.yaml")


@pytest.mark.parametrize("depth", [500, 5_000, 300_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("[", "")])
def test_deep_nesting_ends_in_an_error(depth: int, opening: str, closing: str) -> None:
    text = "apiVersion: v1\nkind: Pod\nx: " + opening * depth + closing * depth
    with pytest.raises(ManifestError):
        read_manifests(text.encode(), "deep.yaml")
