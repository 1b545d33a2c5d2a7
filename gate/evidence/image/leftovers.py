"""What a build leaves behind: caches of package managers, repositories, and secrets, by path, name and header."""

from __future__ import annotations

import re

__all__ = ["KEY_MARK", "NAMES", "cache_of", "secret"]

_AT_ROOT = {
    b"var/lib/apt/lists": "lists of apt",
    b"var/cache/apt": "cache of apt",
    b"var/cache/apk": "cache of apk",
    b"etc/apk/cache": "cache of apk",
    b"var/cache/dnf": "cache of dnf",
    b"var/cache/libdnf5": "cache of dnf",
    b"var/cache/yum": "cache of yum",
    b"var/cache/zypp": "cache of zypper",
    b"var/cache/pacman/pkg": "cache of pacman",
    b"usr/local/share/.cache/yarn": "cache of yarn",
    b"go/pkg/mod/cache": "cache of go",
}
_ANYWHERE = {
    b".cache/pip": "cache of pip",
    b".cache/uv": "cache of uv",
    b".cache/pypoetry": "cache of poetry",
    b".cache/yarn": "cache of yarn",
    b".cache/go-build": "cache of go",
    b".cache/composer": "cache of composer",
    b".npm/_cacache": "cache of npm",
    b".npm/_logs": "logs of npm",
    b".m2/repository": "cache of maven",
    b".gradle/caches": "cache of gradle",
    b".cargo/registry": "cache of cargo",
    b".git": "git repository",
    b".svn": "subversion repository",
    b".hg": "mercurial repository",
}
_CACHE = re.compile(
    rb"(%s)(?:/|$)|(?:.*?/)?(%s)(?:/|$)" % (b"|".join(map(re.escape, _AT_ROOT)), b"|".join(map(re.escape, _ANYWHERE))),
    re.DOTALL,
)

KEY_MARK = "private key"
"""The mark of a file whose content starts as a private key's."""

_KEY_NAMES = frozenset((b"id_rsa", b"id_dsa", b"id_ecdsa", b"id_ed25519"))
_KEY_ENDINGS = (b".p12", b".pfx", b".ppk")
_CREDENTIAL_NAMES = frozenset((b".netrc", b".git-credentials", b".pypirc", b".pgpass", b".dockercfg", b"kubeconfig"))
_CREDENTIAL_PATHS = (b".aws/credentials", b".docker/config.json")
NAMES = _KEY_NAMES | _CREDENTIAL_NAMES | {b".env", b"credentials", b"config.json"}
"""File names to look at more closely with `secret`."""

_ENVIRONMENT = re.compile(rb"\.env(?:\.(?!example$|sample$|template$|dist$|defaults?$|test$|schema$)[\w.-]+)?")


def cache_of(path: bytes) -> tuple[bytes, str] | None:
    """The cache or repository a directory belongs to: its own path, and what it is."""
    found = _CACHE.match(path)
    if found is None:
        return None
    what = _AT_ROOT[found[1]] if found[1] else _ANYWHERE[found[2]]
    return path[: found.end(1 if found[1] else 2)], what


def secret(path: bytes, name: bytes) -> str | None:
    """What a regular file's name says it holds: a private key, credentials or an environment; null for others."""
    if name in _KEY_NAMES or name.endswith(_KEY_ENDINGS):
        return "private key, by its name"
    if name in _CREDENTIAL_NAMES or path.endswith(_CREDENTIAL_PATHS):
        return "credentials"
    if name.startswith(b".env") and _ENVIRONMENT.fullmatch(name):
        return "environment file"
    return None
