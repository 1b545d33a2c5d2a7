"""Which credential may open which image, wherever it is kept."""

import asyncio
import base64
import json
import os
import signal
import stat
import time

import pytest
from gate.errors import SettingsError
from gate.evidence.image import credential_providers, credentials
from gate.evidence.image.registry_auth import Credential


def basic(user, password="pw"):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def who(found):
    return [each.username or each.identity_token or each.registry_token for each in found]


@pytest.mark.parametrize(
    ("pattern", "name", "covers"),
    [
        ("ghcr.io", "ghcr.io/acme/api", True),
        ("ghcr.io", "ghcr.io.evil.test/acme/api", False),
        ("ghcr.io", "evil.test/ghcr.io", False),
        ("*.ghcr.io", "ghcr.io/a", False),
        ("*.azurecr.io", "acme.azurecr.io/a", True),
        ("*.azurecr.io", "a.b.azurecr.io/a", False),
        ("*.dkr.ecr.*.amazonaws.com", "123.dkr.ecr.eu-west-1.amazonaws.com/a", True),
        ("reg.test:5000", "reg.test/a", False),
        ("reg.test", "reg.test:5000/a", False),
        ("reg.test:5000", "reg.test:5000/a", True),
        ("reg.test/acme", "reg.test/acme/api", True),
        ("reg.test/acme", "reg.test/other/api", False),
        ("REG.test", "reg.TEST/a", True),
        ("docker.io", "docker.io/library/nginx", True),
        ("index.docker.io", "docker.io/library/nginx", True),
        ("registry-1.docker.io", "docker.io/acme/api", True),
        ("index.docker.io", "ghcr.io/a", False),
        ("[::1]:5000", "[::1]:5000/a", True),
        ("", "localhost/a", False),
    ],
)
def test_an_entry_covers_hosts_part_by_part_ports_exactly_and_paths_by_prefix(pattern, name, covers):
    assert credentials.matches(pattern, name) is covers


def test_the_longest_path_comes_first_and_every_match_is_a_candidate():
    ring = credentials.Ring()
    for key, user in [
        ("https://reg.test/v1/", "all"),
        ("reg.test/acme", "acme"),
        ("reg.test/acme/api", "api"),
        ("*.test", "glob"),
        ("other.test", "other"),
        ("reg.test", "again"),
    ]:
        ring.add(key, Credential(username=user, password="pw"))
    assert who(ring.find("reg.test/acme/api")) == ["api", "acme", "all", "glob", "again"]
    assert who(ring.find("reg.test/acme/web")) == ["acme", "all", "glob", "again"]
    assert who(ring.find("other.test/x")) == ["glob", "other"]
    assert who(ring.find("ghcr.io/x")) == []


def test_a_credential_shows_no_secret():
    held = Credential(username="user", password="geheim", identity_token="geheim", registry_token="geheim")
    assert "geheim" not in f"{held} {held!r}"


# --- config.json -----------------------------------------------------------------------------------------------


def keychain(tmp_path, config, environ=None):
    path = tmp_path / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return credentials.DockerKeychain([path, tmp_path / "absent.json"], environ or {})


def ask(chain, name):
    return asyncio.run(chain.credentials(name))


def test_config_json_holds_passwords_and_tokens(tmp_path):
    chain = keychain(
        tmp_path,
        {
            "auths": {
                "https://index.docker.io/v1/": basic("hub", "a:b"),
                "ghcr.io": {"identitytoken": "refresh"},
                "reg.test": {"registrytoken": "bearer"},
                "plain.test": {"username": "u", "password": "p"},
                "helper.test": {},
            },
            "HttpHeaders": {"User-Agent": "x"},
        },
    )
    assert ask(chain, "docker.io/library/nginx") == [Credential(username="hub", password="a:b")]
    assert ask(chain, "ghcr.io/x") == [Credential(identity_token="refresh")]
    assert ask(chain, "reg.test/x") == [Credential(registry_token="bearer")]
    assert ask(chain, "plain.test/x") == [Credential(username="u", password="p")]
    assert ask(chain, "helper.test/x") == []
    assert ask(chain, "nobody.test/x") == []
    assert chain.problems == []


@pytest.mark.parametrize(
    "config",
    ["", "[]", "{", '{"auths": []}', '{"auths": {"a": {"auth": "%%%"}}}', '{"auths": {"a": 1}}', '{"a": 1, "a": 2}'],
)
def test_a_broken_config_json_opens_nothing_and_is_named_without_its_content(tmp_path, config):
    chain = keychain(tmp_path, config)
    assert ask(chain, "ghcr.io/x") == []
    assert len(chain.problems) == 1
    assert chain.problems[0].startswith(str(tmp_path / "config.json"))
    assert "%%%" not in chain.problems[0]


def test_configuration_files_are_those_of_docker_and_podman(tmp_path):
    def files(**environ):
        return [str(each) for each in credentials.config_files(environ, tmp_path)]

    assert files() == [f"{tmp_path}/.docker/config.json"]
    assert files(DOCKER_CONFIG="/etc/d") == ["/etc/d/config.json"]
    assert files(XDG_RUNTIME_DIR="/run/1") == [f"{tmp_path}/.docker/config.json", "/run/1/containers/auth.json"]
    assert files(REGISTRY_AUTH_FILE="/a", XDG_RUNTIME_DIR="/r") == [f"{tmp_path}/.docker/config.json", "/a"]


def program(directory, name, text):
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{directory}:{os.defpath}"}


def test_a_credential_helper_is_asked_for_the_server_and_beats_the_file(tmp_path):
    environ = program(
        tmp_path / "bin",
        "docker-credential-fake",
        'read server; test "$1" = get || exit 9\n'
        'case "$server" in\n'
        'ghcr.io) echo \'{"ServerURL": "ghcr.io", "Username": "from-helper", "Secret": "s"}\';;\n'
        'https://index.docker.io/v1/) echo \'{"Username": "<token>", "Secret": "refresh"}\';;\n'
        'empty.test) echo \'{"Username": "", "Secret": ""}\';;\n'
        '*) echo "credentials not found in native keychain"; exit 1;;\n'
        "esac\n",
    )
    chain = keychain(tmp_path, {"auths": {"ghcr.io": basic("from-file")}, "credsStore": "fake"}, environ)
    assert who(ask(chain, "ghcr.io/x")) == ["from-helper", "from-file"]
    assert ask(chain, "docker.io/library/x") == [Credential(identity_token="refresh")]
    assert ask(chain, "empty.test/x") == []
    assert ask(chain, "unknown.test/x") == []
    assert chain.problems == []


def test_a_registry_can_have_a_helper_of_its_own(tmp_path):
    environ = program(tmp_path / "bin", "docker-credential-one", 'echo \'{"Username": "one", "Secret": "s"}\'\n')
    chain = keychain(tmp_path, {"credHelpers": {"one.test": "one"}}, environ)
    assert who(ask(chain, "one.test/x")) == ["one"]
    assert who(ask(chain, "two.test/x")) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("echo geheim; exit 3\n", "docker-credential-bad fails with status 3"),
        ("echo geheim\n", "docker-credential-bad answers something else than a credential"),
        ("yes geheim\n", f"docker-credential-bad answers more than {1 << 20} bytes"),
        (None, "docker-credential-bad is not on PATH"),
    ],
)
def test_a_broken_helper_opens_nothing_and_shows_nothing(tmp_path, text, problem):
    environ = program(tmp_path / "bin", "docker-credential-bad", text) if text else {"PATH": str(tmp_path)}
    chain = keychain(tmp_path, {"auths": {"a.test": basic("file")}, "credsStore": "bad"}, environ)
    assert who(ask(chain, "a.test/x")) == ["file"]
    assert chain.problems == [problem]


def test_a_helper_that_hangs_is_ended_with_its_children(tmp_path):
    from gate.errors import ImageError
    from gate.evidence.image import credential_programs

    environ = program(tmp_path / "bin", "hangs", f"sleep 600 & echo $! > {tmp_path}/child; wait\n")
    with pytest.raises(ImageError, match=r"a program does not answer within 0\.5 s"):
        asyncio.run(credential_programs.ask([str(tmp_path / "bin" / "hangs")], b"", environ, "a program", 0.5))
    child = int((tmp_path / "child").read_text())
    state = ""
    for _ in range(3000):
        try:
            with open(f"/proc/{child}/stat") as status:
                state = status.read().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    pytest.fail(f"the child lives on in state {state}")


def test_a_process_that_leaves_its_group_with_the_output_open_is_not_waited_for(tmp_path):
    from gate.errors import ImageError
    from gate.evidence.image import credential_programs

    environ = program(tmp_path / "bin", "leaves", f"setsid sleep 600 & echo $! > {tmp_path}/child; sleep 600\n")

    async def asked():
        question = credential_programs.ask([str(tmp_path / "bin" / "leaves")], b"", environ, "a program", 2)
        await asyncio.wait_for(question, 60)

    try:
        with pytest.raises(ImageError, match=r"a program does not answer within 2 s"):
            asyncio.run(asked())
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "-x", "a" * 100])
def test_a_helper_is_a_name_not_a_path(tmp_path, name):
    program(tmp_path / "bin", "docker-credential-x", "echo {}\n")
    chain = keychain(tmp_path, {"credsStore": name}, {"PATH": str(tmp_path / "bin")})
    assert ask(chain, "a.test/x") == []
    assert bool(chain.problems) is bool(name)


# --- Kubernetes ------------------------------------------------------------------------------------------------


def secret(name, content, kind="dockerconfigjson"):
    text = content if isinstance(content, str) else json.dumps(content)
    data = {f".{kind}": base64.b64encode(text.encode()).decode()}
    return {"metadata": {"name": name}, "type": f"kubernetes.io/{kind}", "data": data}


def test_pull_secrets_of_both_types_open_what_their_entries_name():
    ring, problems = credentials.ring_of_secrets(
        [
            secret("new", {"auths": {"reg.test/acme": basic("acme"), "*.reg.test": basic("glob")}}),
            secret("old", {"reg.test": basic("old"), "https://index.docker.io/v1/": basic("hub")}, "dockercfg"),
            secret("again", {"auths": {"reg.test": basic("again")}}),
        ]
    )
    assert problems == []
    assert who(ring.find("reg.test/acme/api")) == ["acme", "old", "again"]
    assert who(ring.find("reg.test/other")) == ["old", "again"]
    assert who(ring.find("eu.reg.test/x")) == ["glob"]
    assert who(ring.find("docker.io/library/nginx")) == ["hub"]
    assert who(ring.find("ghcr.io/x")) == []


def test_broken_secrets_open_nothing_and_are_named():
    good = secret("good", {"auths": {"reg.test": basic("good")}})
    ring, problems = credentials.ring_of_secrets(
        [
            {"metadata": {"name": "opaque"}, "type": "Opaque", "data": {"x": "eA=="}},
            secret("broken", "{"),
            {"metadata": {"name": "not-base64"}, "type": "kubernetes.io/dockercfg", "data": {".dockercfg": "%"}},
            secret("list", {"reg.test": []}, "dockercfg"),
            secret("half", {"auths": {"a.test": basic("half"), "b.test": {"auth": "%"}}}),
            {},
            good,
        ]
    )
    assert problems == [
        "opaque is no pull secret",
        "broken is broken",
        "not-base64 is broken",
        "list is broken",
        "half is broken",
        "a secret is no pull secret",
    ]
    assert who(ring.find("reg.test/x")) == ["good"]
    assert who(ring.find("a.test/x")) == []


# --- kubelet plugins -------------------------------------------------------------------------------------------

CONFIG = """
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: plugin
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  matchImages: ["*.test", "docker.io"]
  defaultCacheDuration: 1h30m
  args: [get]
  env:
  - {name: SUFFIX, value: "-1"}
"""
PLUGIN = """
request=$(cat); echo "$request" >> "$(dirname "$0")/asked"
echo '{"kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
"cacheKeyType": "TYPE", "cacheDuration": "DURATION", "auth": {"*.test": {"username": "'$1$SUFFIX'", "password": "p"}}}'
"""


def plugins(tmp_path, text=PLUGIN, config=CONFIG, *, cache="Registry", duration="1h"):
    environ = program(tmp_path / "bin", "plugin", text.replace("TYPE", cache).replace("DURATION", duration))
    (tmp_path / "config.yaml").write_text(config)
    loaded = credential_providers.load_providers(tmp_path / "config.yaml", tmp_path / "bin")
    return credential_providers.PluginKeychain(loaded, environ)


async def ask_all(chain, *names):
    return [who(await chain.credentials(name)) for name in names]


@pytest.mark.parametrize(
    ("cache", "duration", "asked"),
    [
        ("Image", "1h", ["a.test/x", "a.test/y", "b.test/x"]),
        ("Registry", "1h", ["a.test/x", "b.test/x"]),
        ("Global", "1h", ["a.test/x"]),
        ("Global", "0s", ["a.test/x", "a.test/x", "a.test/y", "b.test/x"]),
    ],
)
def test_plugins_are_asked_as_often_as_they_say(tmp_path, cache, duration, asked):
    chain = plugins(tmp_path, cache=cache, duration=duration)
    found = asyncio.run(ask_all(chain, "a.test/x", "a.test/x", "a.test/y", "b.test/x", "ghcr.io/x"))
    assert found == [["get-1"], ["get-1"], ["get-1"], ["get-1"], []]
    requests = [json.loads(line) for line in (tmp_path / "bin" / "asked").read_text().splitlines()]
    assert requests == [
        {"apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest", "image": image}
        for image in asked
    ]
    assert chain.problems == []


def test_a_plugin_opens_only_what_its_answer_names(tmp_path):
    assert asyncio.run(ask_all(plugins(tmp_path), "docker.io/library/x")) == [[]]


@pytest.mark.parametrize("text", ["exit 1\n", "echo {}\n", "echo x\n", PLUGIN.replace("/v1", "/v9")])
def test_a_broken_plugin_opens_nothing(tmp_path, text):
    chain = plugins(tmp_path, text)
    assert asyncio.run(ask_all(chain, "a.test/x")) == [[]]
    assert len(chain.problems) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: CredentialProviderConfig", "kind: Other"), "is no CredentialProviderConfig"),
        (("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v9"), "unknown version"),
        (("- name: plugin", "- name: ../plugin"), "../plugin is not in"),
        (("- name: plugin", "- name: absent"), "absent is not in"),
        (("credentialprovider.kubelet.k8s.io/v1", "credentialprovider.kubelet.k8s.io/v1alpha1"), "speaks"),
        (("args: [get]", "args: {}"), "is no CredentialProviderConfig"),
    ],
)
def test_a_wrong_plugin_configuration_is_an_error(tmp_path, change, message):
    with pytest.raises(SettingsError, match=message):
        plugins(tmp_path, config=CONFIG.replace(*change))


def test_several_keychains_are_one_after_the_other():
    rings = [credentials.Ring(), credentials.Ring()]
    for ring, users in zip(rings, (["a", "b"], ["b", "c"]), strict=True):
        for user in users:
            ring.add("reg.test", Credential(username=user))
    assert who(ask(credentials.SeveralKeychains(rings), "reg.test/x")) == ["a", "b", "c"]
