"""gate.lock: what it holds, its one form, and what is no lock."""

import datetime

import msgspec
import pytest
from gate import lock as lockfile
from gate.errors import LockError
from gate.lock import Lock, LockedBase, LockedPlatform
from hypothesis import given, settings
from hypothesis import strategies as st

TODAY = datetime.date(2026, 11, 21)
OLD, NEW, OTHER = ("sha256:" + digit * 64 for digit in "123")


def base(reference, digest, *, days_ago=0, superseded=None, **facts):
    return LockedBase(
        reference=reference,
        digest=digest,
        resolved=TODAY - datetime.timedelta(days=days_ago),
        superseded=superseded,
        platforms={"linux/amd64": LockedPlatform(**facts)},
    )


ALPINE = base(
    "docker.io/library/alpine:3.20",
    NEW,
    manifest=OTHER,
    user="",
    uid=0,
    gid=0,
    users={"root": 0, "nobody": 65534},
    shells=["/bin/ash", "/bin/busybox", "/bin/sh"],
    libc="musl",
    package_manager="apk",
    size=8_000_000,
    env={"PATH": "/usr/bin:/bin"},
    cmd=["/bin/sh"],
    diff_ids=[OLD],
)


def test_a_lock_is_text_a_person_can_review():
    assert lockfile.dump(Lock(bases=[ALPINE])) == (
        "# Written by `gate lock`; do not edit. `gate lock --update` renews it, `gate lock --check` says what changed.\n"
        "version: 1\n"
        "bases:\n"
        "- reference: docker.io/library/alpine:3.20\n"
        f"  digest: {NEW}\n"
        "  resolved: 2026-11-21\n"
        "  platforms:\n"
        "    linux/amd64:\n"
        f"      manifest: {OTHER}\n"
        "      uid: 0\n"
        "      gid: 0\n"
        "      users:\n"
        "        root: 0\n"
        "        nobody: 65534\n"
        "      shells:\n"
        "      - /bin/ash\n"
        "      - /bin/busybox\n"
        "      - /bin/sh\n"
        "      libc: musl\n"
        "      package_manager: apk\n"
        "      size: 8000000\n"
        "      env:\n"
        "        PATH: /usr/bin:/bin\n"
        "      cmd:\n"
        "      - /bin/sh\n"
        "      diff_ids:\n"
        f"      - {OLD}\n"
    )


texts = st.text(max_size=20)
digests = st.sampled_from([OLD, NEW, OTHER])
platforms = st.builds(
    LockedPlatform,
    user=texts,
    uid=st.none() | st.integers(0, 2**32),
    users=st.none() | st.dictionaries(texts, st.integers(0, 2**32), max_size=3),
    shells=st.none() | st.lists(texts, max_size=2),
    env=st.dictionaries(texts, texts, max_size=2),
    labels=st.dictionaries(texts, texts, max_size=2),
    cmd=st.none() | st.lists(texts, max_size=2),
    diff_ids=st.lists(digests, max_size=2),
)
bases = st.builds(
    LockedBase,
    reference=st.sampled_from(["docker.io/library/a:1", "docker.io/library/a:2", "r.test:5000/b@" + OLD]),
    digest=digests,
    resolved=st.dates(),
    superseded=st.none() | st.dates(),
    platforms=st.dictionaries(st.sampled_from(["linux/amd64", "linux/arm64"]), platforms, max_size=2),
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(bases, max_size=3))
def test_what_is_written_is_read_again(some):
    text = lockfile.dump(Lock(bases=some))
    read = lockfile.load(text.encode())
    assert sorted(map(repr, map(msgspec.to_builtins, read.bases))) == sorted(
        repr(
            msgspec.to_builtins(each)
            | {"platforms": dict(sorted(msgspec.to_builtins(each).get("platforms", {}).items()))}
        )
        if each.platforms
        else repr(msgspec.to_builtins(each))
        for each in some
    )
    assert lockfile.dump(read) == text


def test_equal_values_are_written_in_full():
    shared = {"root": 0}
    some = [base(f"r.test/{name}:1", NEW, users=shared, labels={"a": "b"}) for name in "ab"]
    text = lockfile.dump(Lock(bases=some))
    assert lockfile.load(text.encode()).bases == some


def test_bases_are_found_by_tag_and_by_digest():
    old = base("docker.io/library/alpine:3.20", OLD, superseded=TODAY)
    latest = base("docker.io/library/alpine:latest", OTHER)
    locked = Lock(bases=[ALPINE, old, latest])
    name = "docker.io/library/alpine"
    found = {
        "tag": locked.find(name, "3.20"),
        "no tag is latest": locked.find(name),
        "superseded": locked.find(name, "3.20", OLD),
        "index digest": locked.find(name, None, NEW),
        "manifest digest beside any tag": locked.find(name, "9", OTHER),
        "other name": locked.find("docker.io/acme/alpine", "3.20"),
        "other tag": locked.find(name, "3.19"),
        "other digest": locked.find(name, "3.20", "sha256:" + "9" * 64),
    }
    assert found == {
        "tag": ALPINE,
        "no tag is latest": latest,
        "superseded": old,
        "index digest": ALPINE,
        "manifest digest beside any tag": ALPINE,
        "other name": None,
        "other tag": None,
        "other digest": None,
    }


@pytest.mark.parametrize(
    ("reference", "name", "tag"),
    [
        ("docker.io/library/a:1", "docker.io/library/a", "1"),
        ("localhost:5000/a", "localhost:5000/a", None),
        ("localhost:5000/a:1", "localhost:5000/a", "1"),
        ("[::1]:5000/a@" + OLD, "[::1]:5000/a", None),
    ],
)
def test_ports_are_no_tags(reference, name, tag):
    found = base(reference, NEW)
    assert (found.name, found.tag) == (name, tag)


def test_candidates_for_ancestors_are_found_by_their_lowest_layer():
    locked = Lock(bases=[ALPINE, base("docker.io/library/empty:1", OTHER)])
    found = [(each.reference, platform) for each, platform, _ in locked.by_first_layer(OLD)]
    assert found == [("docker.io/library/alpine:3.20", "linux/amd64")]
    assert not list(locked.by_first_layer(NEW))


def summary(locked):
    return [(each.reference.rpartition("/")[2], each.digest[7], each.superseded) for each in locked.bases]


def test_a_digest_its_tag_left_is_kept_while_it_may_be_in_use():
    old = Lock(bases=[base("r.test/a:1", OLD, days_ago=30), base("r.test/gone:1", OLD, days_ago=5)])
    fresh = [base("r.test/a:1", NEW), base("r.test/b:1", OTHER)]
    merged = lockfile.merge(old, fresh, TODAY, lambda name, tag: 90)
    assert summary(merged) == [("a:1", "2", None), ("a:1", "1", TODAY), ("b:1", "3", None), ("gone:1", "1", TODAY)]
    later = lockfile.merge(merged, fresh, TODAY, lambda name, tag: 29)
    assert summary(later) == [("a:1", "2", None), ("b:1", "3", None), ("gone:1", "1", TODAY)]


def test_a_tag_that_still_leads_there_is_only_dated_anew():
    merged = lockfile.merge(
        Lock(bases=[base("r.test/a:1", OLD, days_ago=30)]), [base("r.test/a:1", OLD)], TODAY, lambda name, tag: 90
    )
    assert [(each.digest, each.resolved, each.superseded) for each in merged.bases] == [(OLD, TODAY, None)]


GOOD = "version: 1\nbases:\n- reference: r.test/a:1\n  digest: d\n  resolved: 2026-11-21\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "gate.lock: is not a gate.lock of version 1"),
        ("version: 2\nbases: []\n", "gate.lock: is not a gate.lock of version 1"),
        ("- 1\n", "gate.lock: is not a gate.lock of version 1"),
        ("version: 1\nbases: [\n", "gate.lock:3: is not YAML: did not find expected node content"),
        ("version: 1\nversion: 1\n", 'gate.lock:2: holds the key "version" twice'),
        ("version: 1\nbases: &a []\nother: *a\n", "gate.lock:3: holds an alias"),
        ("version: 1\nbases: !!python/tuple []\n", "gate.lock:2: holds the tag tag:yaml.org,2002:python/tuple"),
        ("version: 1\nbases: 1.5\n", "gate.lock:2: holds a value of type tag:yaml.org,2002:float"),
        (GOOD + "  extra: 1\n", "gate.lock: Object contains unknown field `extra` - at `$.bases[0]`"),
        (GOOD.replace("d\n", "null\n"), "gate.lock: Expected `str`, got `null` - at `$.bases[0].digest`"),
        (GOOD.replace("2026-11-21", "2026-13-21"), "gate.lock: is not YAML"),
        ("\0", "gate.lock: is not YAML"),
        ("[" * 100_000 + "]" * 100_000, "gate.lock:1: holds more than 16 levels"),
        ("version: 1\n? [a]\n: 1\n", "gate.lock:2: holds a key that is no word"),
        ("version: 1\n---\nversion: 1\n", "gate.lock:2: holds more than one document"),
    ],
)
def test_what_is_no_lock_is_an_error_that_says_where(text, message):
    with pytest.raises(LockError) as caught:
        lockfile.load(text.encode())
    assert str(caught.value).startswith(message)


def test_a_lock_that_is_not_utf8_is_an_error():
    with pytest.raises(LockError, match="is not YAML"):
        lockfile.load(b"version: \xff")
